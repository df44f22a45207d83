export { constantTimeEqual, hashToken, hmacHex, sha256Hex } from './digest.js';
export { fingerprintJson } from './fingerprint-json.js';
export { createKeyring, type KeyPurpose, type Keyring } from './keyring.js';
export { generateMasterKey } from './master-key.js';
export { hashPassword, verifyPassword, type PasswordCheck, type PasswordParams } from './password-hash.js';
export { randomToken } from './random-token.js';
export { openSecret, sealSecret } from './sealed-secret.js';
export { openValue, sealValue, type OpenOptions, type SealOptions, type SealPurpose } from './sealed-value.js';
export {
  checkpointSigningKey,
  signText,
  tokenSigningKey,
  verifyText,
  type SigningKey,
  type VerificationKey,
} from './signing-key.js';
