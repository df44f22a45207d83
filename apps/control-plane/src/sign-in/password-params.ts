import type { Config } from '#config';
import type { PasswordParams } from '#crypto';

/** The cost of one password hash, from the settings. */
export const passwordParams = ({ auth }: Config): PasswordParams => ({
  memoryBytes: auth.argon2Memory,
  passes: auth.argon2Passes,
});
