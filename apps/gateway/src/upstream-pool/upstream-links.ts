import type { Era } from '#contracts';
import { DomainError } from '#kernel';
import type { LinkOptions, ServerMessages, UpstreamLink } from '#mcp';
import type { CatalogSnapshot, UpstreamTarget } from '#snapshot';
import { isOutdated } from './is-outdated.js';
import { LinkEntry } from './link-entry.js';
import type { LinkOpener, SpokenEra } from './link-opener.js';

/** Bounds of the links of one process. */
export interface UpstreamLinksOptions {
  /** The least recently used idle link is closed for a new one. */
  readonly max: number;
  /** Milliseconds without use after which a link is closed. */
  readonly idleMs: number;
}

/** For whom a link is: whoever has another key never shares it. */
export interface LinkOwner {
  readonly key: string;
  /** Where an upstream runs as many processes as it may, idle ones of the same token make room first. */
  readonly tokenId?: string | undefined;
  /** Whose processes are counted together; undefined: nobody's. */
  readonly userId?: string | undefined;
  /** What a legacy upstream is told about the client at `initialize`. */
  readonly client: LinkOptions['client'];
  /** The era to speak, where that is not the upstream's usual one. */
  readonly spoken?: SpokenEra | undefined;
  /** Names what the right to the link rests on; a link that is used on another ground is judged by that from then on. */
  readonly claim: string;
  /** Why the owner would be refused, whenever it is asked; kept with the link, so it must not hold on to a request. */
  recheck(): () => unknown;
  /** Takes what the upstream says outside of calls; asked for once, when the link is opened. */
  unsolicited(entry: LinkEntry): ServerMessages;
  /** Hears that the link's stream for unsolicited messages has opened; see `LinkOptions.onListening`. */
  listening?(target: UpstreamTarget): void;
  /** Hears, with every lease, which open link it is. */
  leased?(entry: LinkEntry): void;
}

const nothing = () => undefined;
/** The one link of a stdio upstream that is shared by all principals belongs to nobody. */
export const sharedOwner = 'shared';

/** Who has as many processes as there may be; null: the error is another one. */
const fullScope = (error: unknown): unknown =>
  error instanceof DomainError && error.code === 'UPSTREAM_TOO_MANY_PROCESSES' ? error.details['scope'] : null;

/** The idle one that was leased longest ago, of those that are asked for. */
function leastUsed(entries: Iterable<LinkEntry>, isMeant: (entry: LinkEntry) => boolean): LinkEntry | null {
  let least: LinkEntry | null = null;
  for (const entry of entries)
    if (entry.inFlight === 0 && (least === null || entry.use < least.use) && isMeant(entry)) least = entry;
  return least;
}

/**
 * The conversations that this process has with upstreams: one per (owner, upstream), opened at the first call, once
 * however many calls wait for it, and closed when idle, when there are too many, when the upstream's configuration
 * changes, when their session ends, or when their owner loses the right to them.
 */
export class UpstreamLinks {
  readonly #entries = new Set<LinkEntry>();
  /** By the owner's key, and then by the upstream's id. */
  readonly #byOwner = new Map<string, Map<string, LinkEntry>>();
  /** Counts leases: who has the lower number was used less recently. */
  #uses = 0;
  // Keyed by the snapshot's own objects: a changed upstream is another object, and the old entry goes with the old one.
  readonly #stateless = new WeakMap<UpstreamTarget, LinkEntry>();
  /** Links that are being closed. */
  readonly #ending = new Map<Promise<void>, LinkEntry>();
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly options: UpstreamLinksOptions,
    private readonly opener: LinkOpener,
  ) {
    this.#timer = setInterval(() => this.#closeIdle(), Math.max(500, Math.min(options.idleMs / 2, 30_000)));
    this.#timer.unref();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What an upstream speaks. Eras are almost always known, and awaiting what is there costs a turn of the event loop. */
  eraOf(target: UpstreamTarget): SpokenEra | Promise<SpokenEra> {
    return this.opener.eraOf(target);
  }

  /** What an upstream speaks with clients of one era: theirs, where it knows both. */
  eraFor(target: UpstreamTarget, clientEra: Era): SpokenEra | Promise<SpokenEra> {
    return this.opener.eraFor(target, clientEra);
  }

  /** The link of an upstream that keeps nothing; nothing has to be released. */
  stateless(target: UpstreamTarget, spoken: SpokenEra): LinkEntry {
    let entry = this.#stateless.get(target);
    if (entry === undefined) {
      entry = new LinkEntry('', target, nothing, nothing);
      entry.link = this.opener.stateless(target, spoken);
      this.#stateless.set(target, entry);
    }
    entry.inFlight++;
    return entry;
  }

  /** The owner's link to an upstream, opened if need be; `release()` it in any case. */
  lease(owner: LinkOwner, target: UpstreamTarget): LinkEntry | Promise<LinkEntry> {
    let entry = this.#byOwner.get(owner.key)?.get(target.id);
    if (entry !== undefined && (entry.target !== target || entry.link?.closed === true)) {
      this.#retire(entry);
      entry = undefined;
    }
    entry ??= this.#begin(owner, target);
    entry.use = ++this.#uses;
    if (entry.claim !== owner.claim) {
      entry.claim = owner.claim;
      entry.recheck = owner.recheck();
    }
    entry.inFlight++;
    if (entry.link === null) return this.#opened(entry, owner);
    owner.leased?.(entry);
    return entry;
  }

  /** The links of one owner that are open now. */
  *of(ownerKey: string): Iterable<LinkEntry> {
    for (const entry of this.#byOwner.get(ownerKey)?.values() ?? []) if (entry.link?.closed === false) yield entry;
  }

  /** Closes everything that belongs to one owner: its session is over. */
  closeOwner(ownerKey: string): void {
    for (const entry of this.#byOwner.get(ownerKey)?.values() ?? []) this.#retire(entry);
  }

  /** Closes every link whose owner would be refused now. */
  closeForbidden(): void {
    for (const entry of this.#entries) if (entry.recheck() !== null) this.#retire(entry);
  }

  /** Closes every link in an era that its upstream is not spoken to in any more, because an administrator says so. */
  closeOutdated(snapshot: CatalogSnapshot): void {
    for (const entry of this.#entries)
      if (isOutdated(entry.target, entry.link?.identity.era ?? null, snapshot)) this.#retire(entry);
  }

  /** Ends every link; waits for that at most `deadlineMs`. */
  async close(deadlineMs: number): Promise<void> {
    clearInterval(this.#timer);
    for (const entry of this.#entries) {
      this.#drop(entry);
      this.#end(entry);
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, deadlineMs)));
    await Promise.race([Promise.all(this.#ending.keys()), late]);
    clearTimeout(timer);
  }

  async #opened(entry: LinkEntry, owner: LinkOwner): Promise<LinkEntry> {
    try {
      await entry.opening;
    } catch (error) {
      this.#drop(entry);
      entry.release();
      throw error;
    }
    owner.leased?.(entry);
    return entry;
  }

  #begin(owner: LinkOwner, target: UpstreamTarget): LinkEntry {
    if (this.#entries.size >= this.options.max) this.#closeOldest();
    const entry = new LinkEntry(
      owner.key,
      target,
      (released) => this.#end(released),
      (forgotten) => this.#drop(forgotten),
    );
    entry.lastUsed = Date.now();
    entry.tokenId = owner.tokenId ?? null;
    entry.userId = owner.userId ?? null;
    this.#entries.add(entry);
    const members = this.#byOwner.get(owner.key) ?? new Map<string, LinkEntry>();
    this.#byOwner.set(owner.key, members.set(target.id, entry));
    const options = {
      client: owner.client,
      userId: owner.userId,
      unsolicited: owner.unsolicited(entry),
      onListening: owner.listening && (() => owner.listening?.(target)),
      onClosed: () => entry.forget(),
    };
    const open = () => this.opener.open(target, options, owner.spoken);
    entry.opening = open()
      .catch(async (error: unknown) => {
        const scope = fullScope(error);
        if (scope === null || !(await this.#madeRoom(entry, scope === 'user'))) throw error;
        return open();
      })
      .then((link: UpstreamLink) => (entry.link = link));
    return entry;
  }

  /**
   * Ends an idle process of the upstream, one of the same token if there is one, and waits until one is gone.
   * @param isOwn only processes of the same user make room
   */
  async #madeRoom(wanted: LinkEntry, isOwn: boolean): Promise<boolean> {
    const { target, tokenId, userId } = wanted;
    const counts = (entry: LinkEntry) => entry.target.id === target.id && (!isOwn || entry.userId === userId);
    const isMeant = (entry: LinkEntry) => entry !== wanted && counts(entry);
    const isOfToken = (entry: LinkEntry) => tokenId !== null && entry.tokenId === tokenId && isMeant(entry);
    const oldest = leastUsed(this.#entries, isOfToken) ?? leastUsed(this.#entries, isMeant);
    if (oldest !== null) this.#retire(oldest);
    const ending = [...this.#ending].filter(([, entry]) => counts(entry));
    if (ending.length === 0) return false;
    await Promise.race(ending.map(([ended]) => ended));
    return true;
  }

  #closeOldest(): void {
    const oldest = leastUsed(this.#entries, () => true);
    if (oldest !== null) this.#retire(oldest);
  }

  #closeIdle(): void {
    const limit = Date.now() - this.options.idleMs;
    for (const entry of this.#entries) if (entry.inFlight === 0 && entry.lastUsed < limit) this.#retire(entry);
  }

  #drop(entry: LinkEntry): void {
    this.#entries.delete(entry);
    const members = this.#byOwner.get(entry.owner);
    if (members?.get(entry.target.id) === entry) members.delete(entry.target.id);
    if (members?.size === 0) this.#byOwner.delete(entry.owner);
    entry.retired = true;
  }

  #retire(entry: LinkEntry): void {
    this.#drop(entry);
    // Ending it now would cut off calls that are still allowed.
    if (entry.inFlight === 0) this.#end(entry);
    entry.forget();
  }

  #end(entry: LinkEntry): void {
    if (entry.opening === null) return;
    const ended = entry.opening
      .then((link) => link.close())
      .catch(() => undefined)
      .finally(() => this.#ending.delete(ended));
    this.#ending.set(ended, entry);
  }
}
