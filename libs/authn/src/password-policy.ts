import { DomainError } from '#kernel';

/** How many characters (code points) a password has. */
export const passwordLimits = { min: 12, max: 256 } as const;

/**
 * Refuses a password that is too short, too long, or the user's own e-mail address (NIST SP 800-63B §3.1.1: length
 * counts, composition rules do not): BAD_USER_INPUT on `field`, without repeating the password.
 */
export function checkPasswordPolicy(
  password: string,
  context: { readonly email?: string; readonly field?: string } = {},
): void {
  const field = context.field ?? 'password';
  const refuse = (text: string) => new DomainError('BAD_USER_INPUT', `${field} ${text}`, { field });
  const { min, max } = passwordLimits;
  // The cheap bound first: a text of megabytes is not spread into an array.
  if (password.length > max * 2) throw refuse(`must have at most ${max} characters.`);
  const { length } = Array.from(password);
  if (length < min) throw refuse(`must have at least ${min} characters.`);
  if (length > max) throw refuse(`must have at most ${max} characters.`);
  if (context.email !== undefined && password.trim().toLowerCase() === context.email.trim().toLowerCase()) {
    throw refuse('must not be the e-mail address.');
  }
}
