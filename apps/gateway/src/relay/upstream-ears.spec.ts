import { afterEach, describe, expect, it, vi } from 'vitest';
import type { UpstreamTarget } from '#snapshot';
import type { Gateway } from '../gateway.js';
import { LinkEntry } from '../upstream-pool/link-entry.js';
import type { LinkOwner } from '../upstream-pool/upstream-links.js';
import { UpstreamEars } from './upstream-ears.js';

const nothing = () => undefined;
const target = {
  id: 'u',
  slug: 'up',
  organizationId: 'o',
  transport: 'STREAMABLE_HTTP',
  capabilities: '{"tools":{"listChanged":true}}',
} as UpstreamTarget;

/** A gateway where somebody listens to one legacy upstream; what is done on its links is noted. */
function world() {
  const entries: LinkEntry[] = [];
  const synced: string[] = [];
  const state = { wanted: new Map([[target.id, target]]), onListen: nothing as (entry: LinkEntry) => void };
  const lease = (owner: LinkOwner) => {
    const entry = new LinkEntry(owner.key, target, nothing, nothing);
    const listen = () => {
      owner.listening?.(target);
      state.onListen(entry);
    };
    entry.link = { closed: false, identity: { transport: 'STREAMABLE_HTTP' }, listen } as unknown as LinkEntry['link'];
    entry.inFlight++;
    entries.push(entry);
    return entry;
  };
  const gateway = {
    links: { eraOf: () => ({ era: 'LEGACY', protocolVersion: '2025-11-25' }), lease, closeOwner: nothing },
    listChanges: { upstreams: () => state.wanted },
    logger: { debug: nothing },
    serverInfo: {},
    snapshots: { current: nothing },
    syncRequests: { changed: ({ id }: UpstreamTarget) => void synced.push(id) },
  } as unknown as Gateway;
  return { ears: new UpstreamEars(gateway), entries, state, synced };
}

const settled = () => vi.advanceTimersByTimeAsync(0);

describe('the ears for the lists of upstreams', () => {
  afterEach(() => void vi.useRealTimers());

  it('[RBS-3] ask for a sync with every opening, for nobody heard what was said before', async () => {
    vi.useFakeTimers();
    const { ears, entries, synced } = world();
    ears.beat();
    await settled();
    expect(synced).toEqual(['u']);
    entries[0]?.forget();
    await vi.advanceTimersByTimeAsync(5000);
    expect(entries).toHaveLength(2);
    expect(synced).toEqual(['u', 'u']);
    ears.close();
  });

  it('[RBS-2] give a link back once that is lost while they open it, and open it again', async () => {
    vi.useFakeTimers();
    const { ears, entries, state } = world();
    state.onListen = (entry) => entry.forget();
    ears.beat();
    await settled();
    expect(entries.map(({ inFlight }) => inFlight)).toEqual([0]);
    state.onListen = nothing;
    await vi.advanceTimersByTimeAsync(5000);
    expect(entries.map(({ inFlight }) => inFlight)).toEqual([0, 1]);
    ears.close();
    expect(entries.map(({ inFlight }) => inFlight)).toEqual([0, 0]);
  });

  it('[RBS-2] do not open it again once nobody listens any more', async () => {
    vi.useFakeTimers();
    const { ears, entries, state } = world();
    state.onListen = (entry) => entry.forget();
    ears.beat();
    await settled();
    state.wanted = new Map();
    ears.beat();
    expect(ears.size).toBe(0);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(entries.map(({ inFlight }) => inFlight)).toEqual([0]);
    ears.close();
  });
});
