import { hashPassword, verifyPassword, type PasswordParams } from '#crypto';
import { passwordLimits } from './password-policy.js';

/** What sign-in learns. */
export interface UserPasswordCheck {
  readonly ok: boolean;
  /** True after a match whose stored hash has outdated parameters: hash the password again and store that. */
  readonly needsRehash: boolean;
}

const mismatch: UserPasswordCheck = { ok: false, needsRehash: false };

/**
 * Compares a password with the stored hash of the user that sign-in looked up; `null` stands for an unknown user, a
 * disabled one, or one without a password. That case spends one computation, too, so that the time of the answer does
 * not tell who exists. `params` are the current settings (memory in bytes).
 */
export async function verifyUserPassword(
  password: string,
  storedHash: string | null,
  params: PasswordParams,
): Promise<UserPasswordCheck> {
  if (storedHash === null) return spendTheSameTime(password, params);
  // Longer than any password can be: no match, but the time is spent as for any other wrong one.
  if (password.length > passwordLimits.max * 2) return spendTheSameTime('', params);
  const check = await verifyPassword(password, storedHash);
  return check.ok ? { ok: true, needsRehash: check.needsRehash(params) } : mismatch;
}

async function spendTheSameTime(password: string, params: PasswordParams): Promise<UserPasswordCheck> {
  await hashPassword(password.slice(0, passwordLimits.max * 2), params);
  return mismatch;
}
