import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SyncRequests } from './sync-requests.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const upstream = (id: string) => ({ id, organizationId: 'o', slug: id });

describe('SyncRequests', () => {
  it('[UPT-10] asks at once, and then once a second per upstream, however often it is told', async () => {
    const asked: string[] = [];
    const requests = new SyncRequests(
      (organization, id) => {
        asked.push(`${organization} ${id}`);
        return Promise.resolve();
      },
      { warn: () => undefined },
    );
    for (let time = 0; time < 50; time++) requests.changed(upstream('a'));
    requests.changed(upstream('b'));
    expect(asked).toEqual(['o a', 'o b']);
    await vi.advanceTimersByTimeAsync(999);
    expect(asked).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toEqual(['o a', 'o b', 'o a']);
    for (let time = 0; time < 3; time++) requests.changed(upstream('a'));
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toEqual(['o a', 'o b', 'o a', 'o a']);
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toHaveLength(4);
    requests.changed(upstream('a'));
    requests.changed(upstream('a'));
    requests.close();
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toHaveLength(5);
  });

  it('logs what could not be asked', async () => {
    const warnings: unknown[] = [];
    const requests = new SyncRequests(() => Promise.reject(new Error('down')), {
      warn: (fields: unknown) => void warnings.push(fields),
    });
    requests.changed(upstream('a'));
    await vi.advanceTimersByTimeAsync(1000);
    expect(warnings).toMatchObject([{ upstream: 'a' }]);
  });
});
