import { describe, expect, it } from 'vitest';
import { hashPassword, verifyPassword } from './password-hash.js';

const params = { memoryBytes: 64 * 1024, passes: 1 };
/** From the test suite of the reference implementation: password `password`, salt `somesalt`. */
const reference = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';

describe('password hashes', () => {
  it('are PHC strings with their own salt', async () => {
    const [a, b] = await Promise.all([hashPassword('correct horse', params), hashPassword('correct horse', params)]);
    expect(a).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(a).not.toBe(b);
  });

  it('match their password and no other', async () => {
    const phc = await hashPassword('correct horse', params);
    expect((await verifyPassword('correct horse', phc)).ok).toBe(true);
    expect((await verifyPassword('correct horsf', phc)).ok).toBe(false);
    expect((await verifyPassword('', phc)).ok).toBe(false);
  });

  it('agree with the reference implementation', async () => {
    expect((await verifyPassword('password', reference)).ok).toBe(true);
  });

  it('match the same characters typed as other code points', async () => {
    const phc = await hashPassword('z\u00fcrich password', params);
    expect((await verifyPassword('zu\u0308rich password', phc)).ok).toBe(true);
  });

  it('say when the parameters have moved on', async () => {
    const check = await verifyPassword('correct horse', await hashPassword('correct horse', params));
    expect(check.needsRehash(params)).toBe(false);
    expect(check.needsRehash({ ...params, passes: 2 })).toBe(true);
    expect(check.needsRehash({ ...params, memoryBytes: 128 * 1024 })).toBe(true);
  });

  it.each([
    '',
    'plain text',
    '$argon2i$v=19$m=64,t=1,p=1$c29tc2FsdHNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=16$m=64,t=1,p=1$c29tc2FsdHNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=9999999,t=1,p=1$c29tc2FsdHNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=64,t=0,p=1$c29tc2FsdHNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=64,t=999,p=1$c29tc2FsdHNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=64,t=1,p=99$c29tc2FsdHNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=64,t=1,p=1$short$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=64,t=1,p=1$c29tc2FsdHNhbHQ$',
    `${reference}\n`,
  ])('count a malformed stored text as no match: %j', async (phc) => {
    const check = await verifyPassword('password', phc);
    expect(check.ok).toBe(false);
    expect(check.needsRehash(params)).toBe(false);
  });
});
