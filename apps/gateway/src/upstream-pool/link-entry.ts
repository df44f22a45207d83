import type { JsonRpcId, JsonRpcNotification, RawMessage, ServerMessages, UpstreamLink } from '#mcp';
import type { UpstreamTarget } from '#snapshot';
import { isWithin } from './is-within.js';

/** Takes what an upstream says about its lists. */
export type ListHearer = (raw: RawMessage<JsonRpcNotification>) => void;

/** Hears that a resource, or something within it, has changed. */
export interface ResourceWatcher {
  /** Whoever watches several resources at once is told once of what is within more than one of them. */
  readonly client: object;
  onUpdate(raw: RawMessage<JsonRpcNotification>): void;
}

const mostTasks = 1000;

/** One conversation with an upstream and what Gatehouse keeps beside it. */
export class LinkEntry {
  /** Null while it is being opened. */
  link: UpstreamLink | null = null;
  opening: Promise<UpstreamLink> | null = null;
  /** Calls, subscriptions and streams that need it now. */
  inFlight = 0;
  lastUsed = 0;
  /** The number of its last lease. */
  use = 0;
  /** The token that it was opened for; null: none. */
  tokenId: string | null = null;
  /** Whose processes are counted together; null: it is nobody's. */
  userId: string | null = null;
  /** No new call gets it; it ends with the last one that has it. */
  retired = false;
  /** What the right to it rests on, and … */
  claim: string | null = null;
  /** … why its owner would be refused now; null while they would not. */
  recheck: () => unknown = () => null;
  /** The level of log messages that was last asked for; null: none. */
  logLevel: string | null = null;
  /** Calls under way, by the id that the upstream knows: some of what it says comes on another stream than theirs. */
  readonly calls = new Map<JsonRpcId, ServerMessages>();
  #tasks: Map<string, string> | null = null;
  #watchers: Map<string, Set<ResourceWatcher>> | null = null;
  #lost: Set<() => void> | null = null;
  #hearers: Set<ListHearer> | null = null;

  constructor(
    readonly owner: string,
    readonly target: UpstreamTarget,
    private readonly onRelease: (entry: LinkEntry) => void,
    private readonly onForget: (entry: LinkEntry) => void,
  ) {}

  /** The open link; only after it was leased. */
  get open(): UpstreamLink {
    if (this.link === null) throw new TypeError('the link is not open yet');
    return this.link;
  }

  /** Keeps which tool's call made a task, for what the upstream says of it by itself; the oldest make room. */
  noteTask(taskId: string, toolId: string): void {
    // What says nothing by itself has no owner.
    if (this.owner === '') return;
    this.#tasks ??= new Map();
    this.#tasks.delete(taskId);
    this.#tasks.set(taskId, toolId);
    if (this.#tasks.size <= mostTasks) return;
    for (const oldest of this.#tasks.keys()) {
      this.#tasks.delete(oldest);
      return;
    }
  }

  /** The tool whose call made a task; undefined where that is not known (any more). */
  toolOf(taskId: string): string | undefined {
    return this.#tasks?.get(taskId);
  }

  /** Ends one use. */
  release(): void {
    this.inFlight--;
    this.lastUsed = Date.now();
    if (this.retired && this.inFlight === 0) this.onRelease(this);
  }

  /** The upstream has forgotten the session: the next call opens another one. */
  forget(): void {
    this.onForget(this);
    this.#lose();
  }

  /** Hears once that the link is gone; @returns a function that ends it, also while others are being told. */
  onLost(listener: () => void): () => void {
    const lost = (this.#lost ??= new Set()).add(listener);
    // It may have been retired while it was being opened.
    if (this.retired) queueMicrotask(() => this.#lose());
    return () => void lost.delete(listener);
  }

  /** Hears what the upstream says about its lists. @returns a function that ends it */
  hear(hearer: ListHearer): () => void {
    (this.#hearers ??= new Set()).add(hearer);
    return () => void this.#hearers?.delete(hearer);
  }

  /** Tells whoever hears it that a list of the upstream changed. */
  listChanged(raw: RawMessage<JsonRpcNotification>): void {
    for (const hearer of this.#hearers ?? []) hearer(raw);
  }

  /** Hears when a resource changed. @returns whether it is the first watcher of that resource */
  watch(uri: string, watcher: ResourceWatcher): boolean {
    this.#watchers ??= new Map();
    const watching = this.#watchers.get(uri);
    if (watching === undefined) {
      this.#watchers.set(uri, new Set([watcher]));
      return true;
    }
    watching.add(watcher);
    return false;
  }

  /** @returns whether it was the last watcher of that resource */
  unwatch(uri: string, watcher: ResourceWatcher): boolean {
    const watching = this.#watchers?.get(uri);
    if (watching?.delete(watcher) !== true || watching.size > 0) return false;
    this.#watchers?.delete(uri);
    return true;
  }

  /**
   * Tells whoever watches a resource, or one that it is within: an update may be about a sub-resource of what was
   * subscribed to (2025-11-25, Schema: ResourceUpdatedNotification), and does not say of what. @returns whether anybody does
   */
  updated(uri: string, raw: RawMessage<JsonRpcNotification>): boolean {
    const told = new Set<object>();
    const tell = (watching: Iterable<ResourceWatcher>) => {
      for (const watcher of watching) {
        if (told.has(watcher.client)) continue;
        told.add(watcher.client);
        watcher.onUpdate(raw);
      }
    };
    tell(this.#watchers?.get(uri) ?? []);
    for (const [watched, watching] of this.#watchers ?? []) if (isWithin(uri, watched)) tell(watching);
    return told.size > 0;
  }

  #lose(): void {
    const lost = this.#lost;
    this.#lost = null;
    if (lost !== null) for (const listener of lost) listener();
  }
}
