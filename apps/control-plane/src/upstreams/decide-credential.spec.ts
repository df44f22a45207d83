import { describe, expect, it } from 'vitest';
import { decideCredential, type CredentialInput, type StoredCredential } from './decide-credential.js';

const none: StoredCredential = { authHeader: null, authSecret: null };
const stored: StoredCredential = { authHeader: 'X-Key', authSecret: 'sealed' };

describe('decideCredential', () => {
  it.each<[string, CredentialInput, StoredCredential, boolean, object]>([
    ['nothing said, nothing stored', {}, none, false, { authHeader: null, secret: null }],
    ['nothing said', {}, stored, false, { authHeader: 'X-Key', secret: undefined }],
    ['a first secret', { authSecret: 's' }, none, false, { authHeader: 'Authorization', secret: 's' }],
    ['a new secret', { authSecret: 's' }, stored, false, { authHeader: 'X-Key', secret: 's' }],
    [
      'a new secret in another header',
      { authSecret: 's', authHeader: 'Y' },
      stored,
      false,
      { authHeader: 'Y', secret: 's' },
    ],
    ['another header', { authHeader: 'Y' }, stored, false, { authHeader: 'Y', secret: undefined }],
    ['no secret any more', { authSecret: null }, stored, false, { authHeader: null, secret: null }],
    ['no header any more', { authHeader: null }, stored, false, { authHeader: null, secret: null }],
    ['another address and secret', { authSecret: 's' }, stored, true, { authHeader: 'X-Key', secret: 's' }],
    ['another address without a secret', { authSecret: null }, stored, true, { authHeader: null, secret: null }],
    ['another address, nothing stored', {}, none, true, { authHeader: null, secret: null }],
  ])('%s', (_, input, before, moves, expected) => {
    expect(decideCredential(input, before, moves)).toEqual(expected);
  });

  it.each<[string, CredentialInput, StoredCredential, boolean]>([
    ['a header without a secret', { authHeader: 'Y' }, none, false],
    ['a header beside a secret that goes', { authHeader: 'Y', authSecret: null }, stored, false],
    ['another address that would inherit the secret', {}, stored, true],
    ['another address that would inherit it in another header', { authHeader: 'Y' }, stored, true],
  ])('refuses %s', (_, input, before, moves) => {
    expect(() => decideCredential(input, before, moves)).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT', field: 'authSecret' }),
    );
  });
});
