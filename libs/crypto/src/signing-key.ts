import { createHash, createPrivateKey, createPublicKey, hkdfSync, sign, verify, type KeyObject } from 'node:crypto';
import { decodeBase64url } from './base64url.js';
import type { KeyPurpose, Keyring } from './keyring.js';

/** A public key that checks signatures; jose takes it as it is. */
export type VerificationKey = KeyObject;

/** An Ed25519 key pair and the id under which its signatures name it. */
export interface SigningKey {
  /** RFC 7638 thumbprint of the public key, base64url. */
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: VerificationKey;
}

/** DER of a PKCS #8 Ed25519 private key up to its 32-byte seed (RFC 8410 §7). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

function signingKey(keyring: Keyring, purpose: KeyPurpose): SigningKey {
  const seed = Buffer.from(hkdfSync('sha256', keyring.key(purpose), '', 'gatehouse/v1/ed25519', 32));
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey);
  const { crv, kty, x } = publicKey.export({ format: 'jwk' });
  // RFC 7638 §3.2: exactly the required members, in this order.
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
  return { kid, privateKey, publicKey };
}

/** The Ed25519 key that signs API tokens; the same for every process with this master key. */
export const tokenSigningKey = (keyring: Keyring): SigningKey => signingKey(keyring, 'tokens');

/** The Ed25519 key that signs audit checkpoints; the same for every process with this master key. */
export const checkpointSigningKey = (keyring: Keyring): SigningKey => signingKey(keyring, 'checkpoints');

/** An Ed25519 signature (RFC 8032) over a text, base64url. */
export const signText = (key: SigningKey, text: string): string =>
  sign(null, Buffer.from(text, 'utf8'), key.privateKey).toString('base64url');

/** True if `signature` (base64url) is this key's signature over the text; false for anything else, never throws. */
export function verifyText(publicKey: VerificationKey, text: string, signature: string): boolean {
  const bytes = decodeBase64url(signature);
  return bytes !== null && verify(null, Buffer.from(text, 'utf8'), publicKey, bytes);
}
