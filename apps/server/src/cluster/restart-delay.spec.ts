import { describe, expect, it } from 'vitest';
import { RestartDelay } from './restart-delay.js';

describe('the pause before a gateway process is started again', () => {
  it('doubles while the process ends early, up to half a minute, and begins anew after a steady life [OWN-9]', () => {
    const delay = new RestartDelay();
    expect(Array.from({ length: 10 }, () => delay.next(50))).toEqual([
      200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000,
    ]);
    expect(delay.next(60_000)).toBe(200);
    expect(delay.next(59_999)).toBe(400);
  });
});
