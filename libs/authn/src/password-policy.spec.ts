import { describe, expect, it } from 'vitest';
import { checkPasswordPolicy } from './password-policy.js';

const messageOf = (password: string, context?: Parameters<typeof checkPasswordPolicy>[1]): string => {
  try {
    checkPasswordPolicy(password, context);
  } catch (error) {
    expect(error).toMatchObject({ code: 'BAD_USER_INPUT', field: context?.field ?? 'password' });
    return (error as Error).message;
  }
  return 'accepted';
};

describe('checkPasswordPolicy', () => {
  it.each([
    ['a'.repeat(11), 'password must have at least 12 characters.'],
    ['a'.repeat(12), 'accepted'],
    ['🗝'.repeat(11), 'password must have at least 12 characters.'],
    ['🗝'.repeat(256), 'accepted'],
    ['a'.repeat(256), 'accepted'],
    ['a'.repeat(257), 'password must have at most 256 characters.'],
    ['a'.repeat(10_000_000), 'password must have at most 256 characters.'],
    ['', 'password must have at least 12 characters.'],
  ])('counts characters (%#)', (password, text) => {
    expect(messageOf(password)).toBe(text);
  });

  it('refuses the e-mail address in any case', () => {
    expect(messageOf('Ada@Example.com', { email: 'ada@example.com' })).toBe('password must not be the e-mail address.');
    expect(messageOf('ada@example.org', { email: 'ada@example.com' })).toBe('accepted');
  });

  it('names the field as the caller spells it', () => {
    expect(messageOf('short', { field: 'input.newPassword' })).toMatch(/^input\.newPassword must/);
  });
});
