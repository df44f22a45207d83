import { describe, expect, it } from 'vitest';
import { decideTimeouts, defaultTimeouts, type TimeoutsInput } from './decide-timeouts.js';

const settings = { requestTimeout: 60_000, maxRequest: 600_000 };

describe('decideTimeouts', () => {
  it('[UPT-4] is the default, what was, or what is said now', () => {
    expect(decideTimeouts({}, settings)).toEqual(defaultTimeouts);
    const before = { ...defaultTimeouts, requestTimeoutMs: 5000 };
    expect(decideTimeouts({ connectTimeout: 50 }, settings, before)).toEqual({ ...before, connectTimeoutMs: 50 });
    expect(decideTimeouts({ requestTimeout: null }, settings, before)).toEqual(defaultTimeouts);
    expect(decideTimeouts({ requestTimeout: 600_000 }, settings).requestTimeoutMs).toBe(600_000);
    expect(decideTimeouts({ maxRequestTime: 60_000 }, settings).maxRequestMs).toBe(60_000);
  });

  it.each<[string, TimeoutsInput]>([
    ['connectTimeout', { connectTimeout: 49 }],
    ['headersTimeout', { headersTimeout: 600_001 }],
    ['requestTimeout', { requestTimeout: 600_001 }],
    ['maxRequestTime', { maxRequestTime: 600_001 }],
    ['requestTimeout', { requestTimeout: 2000, maxRequestTime: 1000 }],
    // The default of a call is a minute.
    ['maxRequestTime', { maxRequestTime: 59_999 }],
  ])('[UPT-4] refuses a %s out of bounds', (field, input) => {
    expect(() => decideTimeouts(input, settings)).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT', field, message: expect.stringMatching(/\d+ms/) }),
    );
  });

  it('[UPT-4] blames nobody for settings that contradict each other', () => {
    expect(decideTimeouts({}, { requestTimeout: 60_000, maxRequest: 1000 })).toEqual(defaultTimeouts);
  });
});
