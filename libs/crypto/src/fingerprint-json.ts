import canonicalize from 'canonicalize';
import { DomainError } from '#kernel';
import { sha256Hex } from './digest.js';

function canonicalForm(value: unknown): string | undefined {
  try {
    return canonicalize(value);
  } catch (cause) {
    throw new DomainError('BAD_USER_INPUT', 'The value has no canonical JSON form (RFC 8785).', { cause });
  }
}

/**
 * Names a JSON value by its content: SHA-256 (64 hexadecimal digits) over its canonical form (RFC 8785), so key order
 * and white space do not matter. BAD_USER_INPUT for what has no such form: not JSON, a lone surrogate, too deep.
 */
export function fingerprintJson(value: unknown): string {
  const text = canonicalForm(value);
  if (text === undefined) throw new DomainError('BAD_USER_INPUT', 'Only a JSON value has a fingerprint.');
  return sha256Hex(text);
}
