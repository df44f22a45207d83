import { describe, expect, it } from 'vitest';
import { isSafeCorrelationId } from './correlation-id.js';

describe('isSafeCorrelationId', () => {
  it.each(['12345678', 'a.b_c-D9', 'x'.repeat(64), '0d0e7a9c-7f0e-4f3c-9d3e-1c2b3a4d5e6f'])(
    'takes %j [OBS-4]',
    (text) => {
      expect(isSafeCorrelationId(text)).toBe(true);
    },
  );

  it.each([
    undefined,
    null,
    12345678,
    ['12345678'],
    '',
    '1234567',
    'x'.repeat(65),
    'abc defgh',
    'abcdefgh\n',
    'äbcdefgh',
    'gth_12345678',
  ])('refuses %j', (text) => {
    expect(isSafeCorrelationId(text)).toBe(false);
  });
});
