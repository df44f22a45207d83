import { describe, expect, it } from 'vitest';
import { tokenExpiry } from './token-expiry.js';

const now = Date.UTC(2026, 10, 22, 8, 30, 0, 500);
const day = 86_400_000;
const year = 365 * day;

describe('tokenExpiry', () => {
  it('is 90 days, or the longest life where that is shorter, in whole seconds', () => {
    expect(tokenExpiry(null, now, year).toISOString()).toBe('2027-02-20T08:30:00.000Z');
    expect(tokenExpiry(undefined, now, day).toISOString()).toBe('2026-11-23T08:30:00.000Z');
  });

  it('is what was asked for, up to the longest life', () => {
    expect(tokenExpiry(new Date(now + 1000), now, year).toISOString()).toBe('2026-11-22T08:30:01.000Z');
    expect(tokenExpiry(new Date(now + year), now, year).getTime()).toBe(now + year - 500);
    expect(() => tokenExpiry(new Date(now + year + 1), now, year)).toThrow('GATEHOUSE_AUTH_TOKEN_MAX_TTL');
  });

  it('lies in the future by at least a second', () => {
    for (const wanted of [now, now + 400, now - 1, 0]) {
      expect(() => tokenExpiry(new Date(wanted), now, year)).toThrow('must lie in the future');
    }
  });
});
