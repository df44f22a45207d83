import { describe, expect, it } from 'vitest';
import { hashPassword } from '#crypto';
import { verifyUserPassword } from './verify-user-password.js';

const params = { memoryBytes: 1024 * 1024, passes: 1 };
const refused = { ok: false, needsRehash: false };

describe('verifyUserPassword', () => {
  it('matches, mismatches, and never matches an unknown user', async () => {
    const stored = await hashPassword('correct horse battery', params);
    expect(await verifyUserPassword('correct horse battery', stored, params)).toEqual({ ok: true, needsRehash: false });
    expect(await verifyUserPassword('correct horse batterx', stored, params)).toEqual(refused);
    expect(await verifyUserPassword('correct horse battery', null, params)).toEqual(refused);
    expect(await verifyUserPassword('correct horse battery', 'no hash', params)).toEqual(refused);
    expect(await verifyUserPassword('x'.repeat(1_000_000), stored, params)).toEqual(refused);
    expect(await verifyUserPassword('x'.repeat(1_000_000), null, params)).toEqual(refused);
  });

  it('asks for a fresh hash only after a match', async () => {
    const stored = await hashPassword('correct horse battery', { ...params, memoryBytes: 512 * 1024 });
    expect(await verifyUserPassword('correct horse battery', stored, params)).toEqual({ ok: true, needsRehash: true });
    expect(await verifyUserPassword('wrong horse battery', stored, params)).toEqual(refused);
  });

  it('spends the time of a comparison on an unknown user, too', async () => {
    const real = { memoryBytes: 19 * 1024 * 1024, passes: 2 };
    const stored = await hashPassword('correct horse battery', real);
    const fastest = async (hash: string | null, password: string): Promise<number> => {
      const times: number[] = [];
      for (let run = 0; run < 4; run += 1) {
        const start = performance.now();
        await verifyUserPassword(password, hash, real);
        times.push(performance.now() - start);
      }
      return Math.min(...times);
    };
    const known = await fastest(stored, 'wrong horse battery');
    // Without the computation it would be a thousandth; the wide band is for busy machines.
    expect(await fastest(null, 'wrong horse battery')).toBeGreaterThan(known / 3);
    expect(await fastest(stored, 'x'.repeat(100_000))).toBeGreaterThan(known / 3);
  });
});
