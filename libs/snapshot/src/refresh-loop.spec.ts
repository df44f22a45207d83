import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startRefreshLoop, type RefreshLoop } from './refresh-loop.js';

let loop: RefreshLoop;
let runs: { end: () => void; fail: (error: Error) => void }[];
const failures: number[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  runs = [];
  failures.length = 0;
  loop = startRefreshLoop({
    refresh: () => new Promise((end, fail) => void runs.push({ end, fail })),
    everyMs: 500,
    maxPauseMs: 400,
    onFailure: (_error, count) => failures.push(count),
  });
});
afterEach(() => vi.useRealTimers());

const settle = () => vi.advanceTimersByTimeAsync(0);

describe('startRefreshLoop', () => {
  it('turns any number of requests during a run into one further run', async () => {
    for (let n = 0; n < 5; n++) loop.request();
    expect(runs).toHaveLength(1);
    for (let n = 0; n < 5; n++) loop.request();
    runs[0]?.end();
    await settle();
    expect(runs).toHaveLength(2);
    runs[1]?.end();
    await settle();
    expect(runs).toHaveLength(2);
  });

  it('runs by itself, but never twice at once', async () => {
    await vi.advanceTimersByTimeAsync(1600);
    expect(runs).toHaveLength(1);
    runs[0]?.end();
    await settle();
    expect(runs).toHaveLength(2);
  });

  it('tries again after a failure, with bounded pauses', async () => {
    loop.request();
    for (const [index, pause] of [100, 200, 400, 400, 400].entries()) {
      runs[index]?.fail(new Error('away'));
      await vi.advanceTimersByTimeAsync(pause - 1);
      expect(runs).toHaveLength(index + 1);
      await vi.advanceTimersByTimeAsync(1);
      expect(runs).toHaveLength(index + 2);
    }
    expect(failures).toEqual([1, 2, 3, 4, 5]);
    runs[5]?.end();
    await settle();
    loop.request();
    runs.at(-1)?.fail(new Error('away again'));
    await settle();
    expect(failures.at(-1)).toBe(1);
  });

  it('requestNow ends a pause', async () => {
    loop.request();
    runs[0]?.fail(new Error('away'));
    await settle();
    expect(runs).toHaveLength(1);
    loop.requestNow();
    await settle();
    expect(runs).toHaveLength(2);
  });

  it('stop waits for the run and begins no other', async () => {
    loop.request();
    const stopped = vi.fn<() => void>();
    const ending = loop.stop().then(stopped);
    loop.request();
    await vi.advanceTimersByTimeAsync(2000);
    expect(stopped).not.toHaveBeenCalled();
    runs[0]?.end();
    await ending;
    expect(runs).toHaveLength(1);
  });

  it('stop ends a pause', async () => {
    loop.request();
    runs[0]?.fail(new Error('away'));
    await settle();
    await loop.stop();
    expect(runs).toHaveLength(1);
  });
});
