import { describe, expect, it, vi } from 'vitest';
import type { LinkRequest, UpstreamReply } from '#mcp';
import type { UpstreamTarget } from '#snapshot';
import type { Gateway } from '../gateway.js';
import { LinkEntry } from '../upstream-pool/link-entry.js';
import type { LinkOwner } from '../upstream-pool/upstream-links.js';
import { listenTo, patienceMs } from './listen-to.js';

const nothing = () => undefined;
const upstream = { id: 'u', slug: 'up', transport: 'STREAMABLE_HTTP' } as UpstreamTarget;
const owner = { key: 'k', claim: 'k' } as LinkOwner;

const reply = (body: object): UpstreamReply => {
  const message = { jsonrpc: '2.0' as const, id: 1, ...body };
  return { kind: 'response', message, text: JSON.stringify(message) } as UpstreamReply;
};

/** A gateway with one upstream that answers a request in this way. */
function world(call: (request: LinkRequest) => Promise<UpstreamReply>) {
  const entry = new LinkEntry('', upstream, nothing, nothing);
  const identity = { era: 'MODERN', protocolVersion: '2026-07-28' };
  entry.link = { identity, nextId: () => null, call } as unknown as LinkEntry['link'];
  const links = {
    eraOf: () => ({ era: 'MODERN', protocolVersion: '2026-07-28' }),
    stateless: () => {
      entry.inFlight++;
      return entry;
    },
  };
  const listeners = new Set<unknown>();
  const snapshots = {
    current: () => ({ upstreamTarget: () => upstream }),
    onChange: (listener: unknown) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return { entry, listeners, gateway: { links, snapshots } as unknown as Gateway };
}

const acknowledge = ({ messages }: LinkRequest) => {
  const message = { jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: {} } as const;
  void messages?.notification({ message, text: JSON.stringify(message) });
};

async function listen(call: (request: LinkRequest) => Promise<UpstreamReply>) {
  const { entry, gateway } = world(call);
  const ends: unknown[] = [];
  const request = { filter: {}, onNotification: nothing, onEnd: (refusal: unknown) => void ends.push(refusal) };
  const listening = listenTo(gateway, upstream, owner, request);
  await listening.acknowledged;
  // Whatever is settled already is told by then.
  await new Promise((resolve) => setImmediate(resolve));
  return { stop: () => listening.stop(), ends, entry };
}

describe('[RBS-2] a listen stream at a modern upstream', () => {
  it('that ends without an acknowledgement has ended', async () => {
    const { ends, entry } = await listen(() => Promise.resolve(reply({ result: {} })));
    expect(ends).toEqual([null]);
    expect(entry.inFlight).toBe(0);
  });

  it('that is refused has ended, and says why', async () => {
    const { ends, entry } = await listen(() => Promise.resolve(reply({ error: { code: -32601, message: 'no' } })));
    expect(ends).toMatchObject([{ message: { error: { code: -32601 } } }]);
    expect(entry.inFlight).toBe(0);
  });

  it('that ends right after its acknowledgement has ended once', async () => {
    const { ends, entry, stop } = await listen((request) => {
      acknowledge(request);
      return Promise.resolve(reply({ error: { code: -32603, message: 'later' } }));
    });
    expect(ends).toEqual([null]);
    stop();
    expect(ends).toHaveLength(1);
    expect(entry.inFlight).toBe(0);
  });

  it('that breaks before its acknowledgement never began', async () => {
    await expect(listen(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  it('that breaks after it has ended; one that is stopped has not', async () => {
    let fail: (error: Error) => void = nothing;
    const broken = await listen((request) => {
      acknowledge(request);
      return new Promise((_resolve, reject) => (fail = reject));
    });
    expect(broken.ends).toEqual([]);
    fail(new Error('broken'));
    await expect.poll(() => broken.ends).toEqual([null]);

    const stopped = await listen((request) => {
      acknowledge(request);
      return new Promise((_resolve, reject) => {
        request.signal?.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
      });
    });
    stopped.stop();
    await expect.poll(() => stopped.entry.inFlight).toBe(0);
    expect(stopped.ends).toEqual([]);
  });
});

/** Never answers; says that it was given up. */
const silent = (aborted: unknown[]) => (request: LinkRequest) =>
  new Promise<UpstreamReply>((_resolve, reject) => {
    request.signal?.addEventListener('abort', () => {
      aborted.push(request.signal?.reason);
      reject(request.signal?.reason);
    });
  });

describe('[LSN-1] a listen stream that its upstream does not acknowledge', () => {
  const request = { filter: {}, onNotification: nothing, onEnd: () => expect.fail('it never began') };
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('ends when it is stopped, wherever it stands, and gives everything back', async () => {
    const aborted: unknown[] = [];
    const { entry, gateway, listeners } = world(silent(aborted));
    const atOnce = listenTo(gateway, upstream, owner, request);
    atOnce.stop();
    await expect(atOnce.acknowledged).rejects.toThrow('no longer needed');
    await turn();
    expect([aborted.length, entry.inFlight, listeners.size]).toEqual([0, 0, 0]);

    const asked = listenTo(gateway, upstream, owner, request);
    await turn();
    expect([entry.inFlight, listeners.size]).toEqual([1, 1]);
    asked.stop();
    asked.stop();
    await expect(asked.acknowledged).rejects.toThrow('no longer needed');
    await turn();
    expect([aborted.length, entry.inFlight, listeners.size]).toEqual([1, 0, 0]);
  });

  it('ends by itself after a while', async () => {
    vi.useFakeTimers();
    try {
      const aborted: unknown[] = [];
      const { entry, gateway, listeners } = world(silent(aborted));
      const listening = listenTo(gateway, upstream, owner, request);
      const told = listening.acknowledged.catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(patienceMs - 1);
      expect([aborted.length, entry.inFlight]).toEqual([0, 1]);
      await vi.advanceTimersByTimeAsync(1);
      expect(await told).toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
      expect([aborted.length, entry.inFlight, listeners.size]).toEqual([1, 0, 0]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not waited for once it is acknowledged', async () => {
    vi.useFakeTimers();
    try {
      const aborted: unknown[] = [];
      const { entry, gateway } = world((sent) => {
        acknowledge(sent);
        return silent(aborted)(sent);
      });
      const listening = listenTo(gateway, upstream, owner, request);
      await listening.acknowledged;
      await vi.advanceTimersByTimeAsync(10 * patienceMs);
      expect([aborted.length, entry.inFlight]).toEqual([0, 1]);
      listening.stop();
      await vi.advanceTimersByTimeAsync(0);
      expect([aborted.length, entry.inFlight]).toEqual([1, 0]);
    } finally {
      vi.useRealTimers();
    }
  });
});
