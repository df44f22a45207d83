import { describe, expect, it } from 'vitest';
import { tokenRateLimit } from './token-rate-limit.js';

const none = { rateLimitPerMinute: null, rateLimitBurst: null };
const columns = (rateLimitPerMinute: number, rateLimitBurst: number) => ({ rateLimitPerMinute, rateLimitBurst });

describe('tokenRateLimit', () => {
  it('[UPT-7] is what was asked for up to the bound, else the default', () => {
    expect(tokenRateLimit(undefined, 100)).toEqual(none);
    expect(tokenRateLimit(null, 100)).toEqual(none);
    expect(tokenRateLimit({ perMinute: 100, burst: 1 }, 100)).toEqual(columns(100, 1));
    expect(() => tokenRateLimit({ perMinute: 101, burst: 1 }, 100)).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT', field: 'rateLimit.perMinute' }),
    );
    expect(() => tokenRateLimit({ perMinute: 1, burst: 101 }, 100)).toThrow('GATEHOUSE_AUTH_TOKEN_MAX_RATE');
  });

  it('[UPT-7] never passes that of the token which asks', () => {
    const parent = columns(60, 5);
    expect(tokenRateLimit(undefined, 100, parent)).toEqual(parent);
    expect(tokenRateLimit({ perMinute: 60, burst: 5 }, 100, parent)).toEqual(parent);
    expect(tokenRateLimit({ perMinute: 90, burst: 90 }, 100, none)).toEqual(columns(90, 90));
    for (const wanted of [
      { perMinute: 61, burst: 5 },
      { perMinute: 60, burst: 6 },
    ]) {
      expect(() => tokenRateLimit(wanted, 100, parent)).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
    }
  });
});
