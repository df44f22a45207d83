import { SignJWT, UnsecuredJWT, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { describe, expect, it } from 'vitest';
import { createKeyring, generateMasterKey, tokenSigningKey, type SigningKey } from '#crypto';
import { issueApiToken, type ApiTokenGrant } from './issue-api-token.js';
import { verifyApiToken, type ApiTokenExpectation } from './verify-api-token.js';

const now = Date.UTC(2026, 10, 23, 12);
const seconds = now / 1000;
const key = tokenSigningKey(createKeyring(generateMasterKey()));
const otherKey = tokenSigningKey(createKeyring(generateMasterKey()));
const expected: ApiTokenExpectation = {
  publicKey: key.publicKey,
  kid: key.kid,
  issuer: 'https://control.example.com',
  audience: 'https://mcp.example.com',
  clock: { now: () => now },
};
const grant: ApiTokenGrant = {
  issuer: expected.issuer,
  audience: expected.audience,
  userId: '01890a5d-ac96-774b-bcce-b302099a8057',
  organizationId: '01890a5d-ac96-774b-bcce-b302099a8058',
  tokenId: '01890a5d-ac96-774b-bcce-b302099a8059',
  scopes: ['control:read', 'mcp'],
  issuedAt: new Date(now - 1000),
  expiresAt: new Date(now + 3_600_000),
};
const claims: JWTPayload = {
  iss: grant.issuer,
  aud: grant.audience,
  sub: grant.userId,
  org: grant.organizationId,
  jti: grant.tokenId,
  iat: seconds - 1,
  exp: seconds + 3600,
  scope: 'control:read mcp',
};

/** Signs what an attacker (or a faulty issuer) would like the token to say. */
const forge = async (change: JWTPayload = {}, header: Partial<JWTHeaderParameters> = {}, by: SigningKey = key) => {
  const payload = Object.fromEntries(
    Object.entries({ ...claims, ...change }).filter(([, value]) => value !== undefined),
  );
  const protectedHeader = { alg: 'EdDSA', typ: 'JWT', kid: key.kid, ...header };
  return `gth_${await new SignJWT(payload).setProtectedHeader(protectedHeader).sign(by.privateKey)}`;
};
const hs256 = (secret: string | Uint8Array) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: key.kid })
    .sign(typeof secret === 'string' ? Buffer.from(secret) : secret)
    .then((jwt) => `gth_${jwt}`);
const genuine = () => issueApiToken(grant, key);
const parts = async () => (await genuine()).split('.') as [string, string, string];
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const header = { alg: 'EdDSA', typ: 'JWT', kid: key.kid };

describe('API tokens', () => {
  it('are issued with the claims of the blueprint and pass', async () => {
    const token = await genuine();
    expect(token).toMatch(/^gth_[\w-]+\.[\w-]+\.[\w-]+$/);
    const [head] = token.slice(4).split('.');
    expect(JSON.parse(Buffer.from(head ?? '', 'base64url').toString())).toEqual(header);
    expect(await verifyApiToken(token, expected)).toEqual({ ok: true, claims });
  });

  it('are what the forging helper makes when it changes nothing', async () => {
    expect(await verifyApiToken(await forge(), expected)).toEqual({ ok: true, claims });
  });

  it.each([
    ['in the past', new Date(now - 2000)],
    ['in the same second', new Date(now - 1000)],
    ['no date', new Date(Number.NaN)],
  ])('are not issued with an expiry %s', async (_name, expiresAt) => {
    await expect(issueApiToken({ ...grant, expiresAt }, key)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'expiresAt',
    });
  });

  it('die exactly at their expiry', async () => {
    const token = await genuine();
    const at = (time: number) => verifyApiToken(token, { ...expected, clock: { now: () => time } });
    expect((await at(now + 3_599_000)).ok).toBe(true);
    expect(await at(now + 3_600_000)).toEqual({ ok: false, reason: 'expired' });
  });

  it.each<[string, string, () => Promise<string>]>([
    ['alg none', 'malformed', async () => `gth_${new UnsecuredJWT(claims).encode()}`],
    [
      'alg none with a signature',
      'wrong-algorithm',
      async () => {
        const [, body, signature] = await parts();
        return `gth_${encode({ ...header, alg: 'none' })}.${body}.${signature}`;
      },
    ],
    [
      'HS256 by the public key as PEM',
      'wrong-algorithm',
      () => hs256(key.publicKey.export({ format: 'pem', type: 'spki' }).toString()),
    ],
    [
      'HS256 by the public key as DER',
      'wrong-algorithm',
      () => hs256(key.publicKey.export({ format: 'der', type: 'spki' })),
    ],
    [
      'HS256 by the raw public key',
      'wrong-algorithm',
      () => hs256(Buffer.from(key.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')),
    ],
    ['another audience', 'wrong-audience', () => forge({ aud: 'https://evil.example.com' })],
    ['no audience', 'wrong-audience', () => forge({ aud: undefined })],
    ['several audiences', 'invalid-claims', () => forge({ aud: [expected.audience, 'https://evil.example.com'] })],
    ['another issuer', 'wrong-issuer', () => forge({ iss: 'https://staging.example.com' })],
    ['no issuer', 'wrong-issuer', () => forge({ iss: undefined })],
    ['expired', 'expired', () => forge({ exp: seconds - 1 })],
    ['not yet valid (nbf)', 'not-yet-valid', () => forge({ nbf: seconds + 60 })],
    ['issued in the future', 'not-yet-valid', () => forge({ iat: seconds + 61 })],
    ['no expiry', 'invalid-claims', () => forge({ exp: undefined })],
    ['an expiry that is text', 'invalid-claims', () => forge({ exp: '9999999999' as unknown as number })],
    ['no issue time', 'invalid-claims', () => forge({ iat: undefined })],
    ['no token id', 'invalid-claims', () => forge({ jti: undefined })],
    ['no organization', 'invalid-claims', () => forge({ org: undefined })],
    ['no scope', 'invalid-claims', () => forge({ scope: undefined })],
    ['a subject that is no user id', 'invalid-claims', () => forge({ sub: 'admin' })],
    ['unknown kid', 'unknown-key', () => forge({}, { kid: 'nobody' })],
    ['no kid', 'unknown-key', () => forge({}, { kid: undefined })],
    ['the kid of another key, signed by it', 'unknown-key', () => forge({}, { kid: otherKey.kid }, otherKey)],
    ['our kid, signed by another key', 'bad-signature', () => forge({}, {}, otherKey)],
    ['another typ', 'invalid-claims', () => forge({}, { typ: 'at+jwt' })],
    [
      'an unknown critical header',
      'malformed',
      async () => {
        const [, body, signature] = await parts();
        return `gth_${encode({ ...header, crit: ['x'], x: 1 })}.${body}.${signature}`;
      },
    ],
    [
      'an altered payload',
      'bad-signature',
      async () => {
        const [head, , signature] = await parts();
        return `${head}.${encode({ ...claims, scope: 'control:write' })}.${signature}`;
      },
    ],
    [
      'an altered signature',
      'bad-signature',
      async () => {
        const [head, body, signature] = await parts();
        return `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
      },
    ],
    [
      'the signature of another token',
      'bad-signature',
      async () => {
        const [head, body] = await parts();
        const other = await forge({ scope: 'mcp' });
        return `${head}.${body}.${other.split('.')[2]}`;
      },
    ],
    ['truncated', 'bad-signature', async () => (await genuine()).slice(0, -10)],
    ['without its signature', 'malformed', async () => (await genuine()).split('.').slice(0, 2).join('.')],
    ['with an empty signature', 'malformed', async () => `${(await genuine()).split('.').slice(0, 2).join('.')}.`],
    ['without the prefix', 'malformed', async () => (await genuine()).slice(4)],
    ['with another prefix', 'malformed', async () => (await genuine()).replace('gth_', 'ght_')],
    ['with two dots more', 'malformed', async () => `${await genuine()}..`],
    ['with two parts more', 'malformed', async () => `${await genuine()}.AAAA.AAAA`],
    ['with a space', 'malformed', async () => `${await genuine()} `],
    [
      'a header that is no JSON',
      'malformed',
      async () => `gth_AAAA.${(await genuine()).split('.').slice(1).join('.')}`,
    ],
    ['nothing', 'malformed', async () => ''],
    ['a megabyte', 'malformed', async () => `gth_a.b.${'c'.repeat(1024 * 1024)}`],
  ])('are refused when forged: %s', async (_name, reason, make) => {
    expect(await verifyApiToken(await make(), expected)).toEqual({ ok: false, reason });
  });
});
