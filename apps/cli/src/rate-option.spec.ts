import { describe, expect, it } from 'vitest';
import { parseCalls, rateLimitOf } from './rate-option.js';

describe('[RBS-7] the rate limit of a token, on the command line', () => {
  it('is the rate and what may come at once, by default a minute of it', () => {
    expect(rateLimitOf({})).toBeUndefined();
    expect(rateLimitOf({ rate: 60 })).toEqual({ perMinute: 60, burst: 60 });
    expect(rateLimitOf({ rate: 60, burst: 5 })).toEqual({ perMinute: 60, burst: 5 });
    expect(() => rateLimitOf({ burst: 5 })).toThrow('--burst needs --rate');
  });

  it('is given in whole calls', () => {
    expect(parseCalls('600')).toBe(600);
    for (const wrong of ['', '0', '-1', '1.5', '1e3', '60/m', '9999999999'])
      expect(() => parseCalls(wrong)).toThrow('whole');
  });
});
