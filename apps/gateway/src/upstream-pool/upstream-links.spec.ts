import { describe, expect, it, vi } from 'vitest';
import type { Era } from '#contracts';
import { DomainError } from '#kernel';
import type { LinkOptions, UpstreamLink } from '#mcp';
import type { CatalogSnapshot, UpstreamTarget } from '#snapshot';
import type { ResourceWatcher } from './link-entry.js';
import type { LinkOpener } from './link-opener.js';
import { UpstreamLinks, type LinkOwner } from './upstream-links.js';

class FakeLink {
  readonly identity = { era: 'LEGACY' };
  closed = false;
  closes = 0;
  constructor(readonly options: LinkOptions) {}
  close(): Promise<void> {
    this.closed = true;
    this.closes++;
    return Promise.resolve();
  }
}

class FakeOpener implements LinkOpener {
  readonly links: FakeLink[] = [];
  failing = false;
  /** Links that may be open at a time. */
  room = Infinity;
  eraOf = () => ({ era: 'LEGACY', protocolVersion: null }) as const;
  eraFor = this.eraOf;
  stateless = () => new FakeLink({ client: { info: {}, capabilities: {} } }) as unknown as UpstreamLink;
  open = async (_target: UpstreamTarget, options: LinkOptions): Promise<UpstreamLink> => {
    await Promise.resolve();
    if (this.failing) throw new Error('no');
    if (this.links.filter(({ closed }) => !closed).length >= this.room)
      throw new DomainError('UPSTREAM_TOO_MANY_PROCESSES', 'full');
    const link = new FakeLink(options);
    this.links.push(link);
    return link as unknown as UpstreamLink;
  };
}

const targetOf = (id: string) => ({ id, slug: id, transport: 'STREAMABLE_HTTP' }) as UpstreamTarget;
const ownerOf = (key: string, allowed: () => boolean = () => true): LinkOwner => ({
  key,
  claim: key,
  client: { info: {}, capabilities: {} },
  recheck: () => () => (allowed() ? null : new Error('no')),
  unsolicited: () => ({ notification: () => undefined, request: () => Promise.resolve({ result: '{}' }) }),
});
const make = (max = 10, idleMs = 60_000) => {
  const opener = new FakeOpener();
  return { opener, links: new UpstreamLinks({ max, idleMs }, opener) };
};

describe('UpstreamLinks', () => {
  it('opens once however many wait, and keeps owners and upstreams apart', async () => {
    const { links, opener } = make();
    const target = targetOf('u');
    const leases = await Promise.all([1, 2, 3].map(async () => links.lease(ownerOf('a'), target)));
    expect(new Set(leases).size).toBe(1);
    expect(opener.links).toHaveLength(1);
    // What is there is there at once.
    expect(links.lease(ownerOf('a'), target)).toBe(leases[0]);
    await links.lease(ownerOf('b'), target);
    await links.lease(ownerOf('a'), targetOf('v'));
    expect(opener.links).toHaveLength(3);
    expect([...links.of('a')]).toHaveLength(2);
  });

  it('a link that could not be opened is tried again', async () => {
    const { links, opener } = make();
    opener.failing = true;
    await expect(links.lease(ownerOf('a'), targetOf('u'))).rejects.toThrow('no');
    expect(links.size).toBe(0);
    opener.failing = false;
    await links.lease(ownerOf('a'), targetOf('u'));
    expect(links.size).toBe(1);
  });

  it('ends with its session, after the calls that have it', async () => {
    const { links, opener } = make();
    const entry = await links.lease(ownerOf('session'), targetOf('u'));
    const lost = vi.fn();
    entry.onLost(lost);
    links.closeOwner('session');
    expect(lost).toHaveBeenCalledOnce();
    expect(links.size).toBe(0);
    expect(opener.links[0]?.closed).toBe(false);
    entry.release();
    await vi.waitFor(() => expect(opener.links[0]?.closes).toBe(1));
  });

  it('is replaced when the upstream has changed, or has ended it', async () => {
    const { links, opener } = make();
    const first = await links.lease(ownerOf('a'), targetOf('u'));
    first.release();
    const second = await links.lease(ownerOf('a'), targetOf('u'));
    expect(second).not.toBe(first);
    second.release();
    const target = targetOf('u');
    const third = await links.lease(ownerOf('a'), target);
    opener.links[2]?.options.onClosed?.();
    const fourth = await links.lease(ownerOf('a'), target);
    expect(fourth).not.toBe(third);
    await vi.waitFor(() => expect(opener.links.map(({ closes }) => closes)).toEqual([1, 1, 0, 0]));
  });

  it('closes the least recently used idle one for a new one, and what lost its right', async () => {
    const { links, opener } = make(2);
    for (const key of ['a', 'b']) (await links.lease(ownerOf(key), targetOf('u'))).release();
    let allowed = true;
    await links.lease(
      ownerOf('c', () => allowed),
      targetOf('u'),
    );
    await vi.waitFor(() => expect(opener.links.map(({ closed }) => closed)).toEqual([true, false, false]));
    allowed = false;
    links.closeForbidden();
    expect(links.size).toBe(1);
    await links.close(1000);
    expect(opener.links.map(({ closed }) => closed)).toEqual([true, true, false]);
  });

  it('makes room among the idle processes of a full upstream: those of the same token first, then the oldest', async () => {
    const { links, opener } = make();
    opener.room = 3;
    const of = (key: string, tokenId: string) => ({ ...ownerOf(key), tokenId });
    const use = async (key: string, tokenId: string) => (await links.lease(of(key, tokenId), targetOf('u'))).release();
    const open = () => opener.links.map(({ closed }) => !closed);
    await use('b', 'token-b');
    await use('a-1', 'token-a');
    await use('a-2', 'token-a');
    // One token cannot push out another while it has idle ones itself …
    await use('a-3', 'token-a');
    expect(open()).toEqual([true, false, true, true]);
    // … nor keep another from beginning.
    await use('c', 'token-c');
    expect(open()).toEqual([false, false, true, true, true]);
  });

  it('a full upstream whose processes are all in use is told so', async () => {
    const { links, opener } = make();
    opener.room = 1;
    const busy = await links.lease(ownerOf('a'), targetOf('u'));
    await expect(links.lease(ownerOf('b'), targetOf('u'))).rejects.toMatchObject({
      code: 'UPSTREAM_TOO_MANY_PROCESSES',
    });
    expect(opener.links.map(({ closed }) => closed)).toEqual([false]);
    busy.release();
    (await links.lease(ownerOf('b'), targetOf('u'))).release();
    expect(opener.links.map(({ closed }) => closed)).toEqual([true, false]);
  });

  it('closes what nobody uses', async () => {
    const { links, opener } = make(10, 1);
    (await links.lease(ownerOf('a'), targetOf('u'))).release();
    await links.lease(ownerOf('b'), targetOf('u'));
    await vi.waitFor(() => expect(opener.links.map(({ closed }) => closed)).toEqual([true, false]), { timeout: 3000 });
  });

  const updateOf = (uri: string) => {
    const message = { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri } } as const;
    return { message, text: JSON.stringify(message) };
  };
  const watcher = (client: object = {}) => ({ client, onUpdate: vi.fn<ResourceWatcher['onUpdate']>() });

  it('tells who watches a resource, first and last, in the words of the upstream', async () => {
    const { links } = make();
    const entry = await links.lease(ownerOf('a'), targetOf('u'));
    const [one, two] = [watcher(), watcher()];
    const update = updateOf('x:');
    expect([entry.watch('x:', one), entry.watch('x:', two)]).toEqual([true, false]);
    expect(entry.updated('x:', update)).toBe(true);
    expect(entry.updated('y:', updateOf('y:'))).toBe(false);
    expect([entry.unwatch('x:', one), entry.unwatch('x:', one), entry.unwatch('x:', two)]).toEqual([
      false,
      false,
      true,
    ]);
    expect([one, two].map(({ onUpdate }) => onUpdate.mock.calls)).toEqual([[[update]], [[update]]]);
  });

  it('[RLY-23] tells who watches what the resource is within, each client once', async () => {
    const { links } = make();
    const entry = await links.lease(ownerOf('a'), targetOf('u'));
    const client = {};
    const [inner, outer, root] = [watcher(client), watcher(client), watcher()];
    const stranger = watcher();
    entry.watch('file:///a', outer);
    entry.watch('file:///a/b', inner);
    entry.watch('file:///', root);
    entry.watch('file:///ab', stranger);
    const count = () => [inner, outer, root, stranger].map(({ onUpdate }) => onUpdate.mock.calls.splice(0).length);
    entry.updated('file:///a/b', updateOf('file:///a/b'));
    expect(count()).toEqual([1, 0, 1, 0]);
    entry.updated('file:///a/c', updateOf('file:///a/c'));
    expect(count()).toEqual([0, 1, 1, 0]);
    expect(entry.updated('other:///a/b', updateOf('other:///a/b'))).toBe(false);
  });

  it('[ERA-5] ends what is open in another era than the one that was set since, also while it is being opened', async () => {
    const { links, opener } = make();
    const target = { ...targetOf('u'), protocolEra: null };
    const snapshotWith = (protocolEra: Era | null) =>
      ({ upstreamTarget: (_: string, id: string) => ({ ...targetOf(id), protocolEra }) }) as unknown as CatalogSnapshot;
    const idle = await links.lease(ownerOf('idle'), target);
    idle.release();
    const busy = await links.lease(ownerOf('busy'), target);
    for (const era of [null, 'LEGACY'] as const) links.closeOutdated(snapshotWith(era));
    expect(links.size).toBe(2);
    const opening = links.lease(ownerOf('opening'), target);
    links.closeOutdated(snapshotWith('MODERN'));
    expect(links.size).toBe(0);
    await vi.waitFor(() => expect(opener.links[0]?.closed).toBe(true));
    expect(opener.links[1]?.closed).toBe(false);
    busy.release();
    await vi.waitFor(() => expect(opener.links[1]?.closed).toBe(true));
    const late = await opening;
    const lost = vi.fn(() => late.release());
    late.onLost(lost);
    await vi.waitFor(() => expect(opener.links[2]?.closed).toBe(true));
    expect(lost).toHaveBeenCalledOnce();
  });
});
