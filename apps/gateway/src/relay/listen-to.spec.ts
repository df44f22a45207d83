import { describe, expect, it } from 'vitest';
import type { LinkRequest, UpstreamReply } from '#mcp';
import type { UpstreamTarget } from '#snapshot';
import type { Gateway } from '../gateway.js';
import { LinkEntry } from '../upstream-pool/link-entry.js';
import type { LinkOwner } from '../upstream-pool/upstream-links.js';
import { listenTo } from './listen-to.js';

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
  const snapshots = { current: () => ({ upstreamTarget: () => upstream }), onChange: () => () => undefined };
  return { entry, gateway: { links, snapshots } as unknown as Gateway };
}

const acknowledge = ({ messages }: LinkRequest) => {
  const message = { jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: {} } as const;
  void messages?.notification({ message, text: JSON.stringify(message) });
};

async function listen(call: (request: LinkRequest) => Promise<UpstreamReply>) {
  const { entry, gateway } = world(call);
  const ends: unknown[] = [];
  const request = { filter: {}, onNotification: nothing, onEnd: (refusal: unknown) => void ends.push(refusal) };
  const stop = await listenTo(gateway, upstream, owner, request);
  // Whatever is settled already is told by then.
  await new Promise((resolve) => setImmediate(resolve));
  return { stop, ends, entry };
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
