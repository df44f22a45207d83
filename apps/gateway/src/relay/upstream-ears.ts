import { isObject, type ServerMessages } from '#mcp';
import type { UpstreamTarget } from '#snapshot';
import type { Gateway } from '../gateway.js';
import type { LinkOwner } from '../upstream-pool/upstream-links.js';
import { isShared, sharedOwnerOf } from './link-owners.js';
import { listenTo, type Listening } from './listen-to.js';
import { listKinds } from './list-kinds.js';
import { methodNotFound } from './server-asks.js';

const beatMs = 1000;
const retryMs = 5000;
const ownerKeyOf = ({ id }: UpstreamTarget): string => `list changes ${id}`;

/** The lists whose changes an upstream announces. */
function announced({ capabilities }: UpstreamTarget): readonly string[] {
  const offered: unknown = capabilities === null ? {} : JSON.parse(capabilities);
  if (!isObject(offered)) return [];
  return listKinds.filter((kind) => {
    const one = offered[kind];
    return isObject(one) && one['listChanged'] === true;
  });
}

interface Ear {
  readonly target: UpstreamTarget;
  /** Ends what is open; may be called again. */
  stop: () => void;
  stopped: boolean;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Listens, once per process and upstream, for news that lists have changed, as long as any client listens to an endpoint
 * with that upstream. What is heard asks for a sync; what comes of it is told by `ListChanges`. So does every opening:
 * nobody has heard what the upstream said before.
 */
export class UpstreamEars {
  readonly #ears = new Map<string, Ear>();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly gateway: Gateway) {
    this.#timer = setInterval(() => this.beat(), beatMs);
    this.#timer.unref();
  }

  get size(): number {
    return this.#ears.size;
  }

  /** Opens what somebody listens to by now, and closes what nobody does. */
  beat(): void {
    const { listChanges, snapshots } = this.gateway;
    const wanted = listChanges.upstreams(snapshots.current());
    for (const [id, ear] of this.#ears) if (wanted.get(id) !== ear.target) this.#close(id, ear);
    for (const [id, target] of wanted) if (!this.#ears.has(id)) this.#open(id, target);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const [id, ear] of this.#ears) this.#close(id, ear);
  }

  #close(id: string, ear: Ear): void {
    this.#ears.delete(id);
    ear.stopped = true;
    clearTimeout(ear.timer);
    ear.stop();
  }

  #open(id: string, target: UpstreamTarget): void {
    const ear: Ear = { target, stop: () => undefined, stopped: false, timer: undefined };
    this.#ears.set(id, ear);
    // A process of one's own for this only would be too much.
    const reachable = target.transport !== 'STDIO' || isShared(target);
    if (reachable && announced(target).length > 0) void this.#listen(ear);
  }

  async #listen(ear: Ear): Promise<void> {
    if (ear.stopped) return;
    const again = () => {
      if (ear.stopped) return;
      clearTimeout(ear.timer);
      ear.timer = setTimeout(() => void this.#listen(ear), retryMs);
      ear.timer.unref();
    };
    try {
      await this.#begin(ear, again);
    } catch (error) {
      this.gateway.logger.debug({ err: error, upstream: ear.target.slug }, 'an upstream cannot be listened to');
      again();
    }
  }

  /** Sets what ends it as soon as there is something to end. */
  async #begin(ear: Ear, onEnd: () => void): Promise<void> {
    const { target } = ear;
    const { era } = await this.gateway.links.eraOf(target);
    if (ear.stopped) return;
    if (era === 'MODERN') {
      const listening = this.#listenTo(target, onEnd);
      ear.stop = () => listening.stop();
      await listening.acknowledged;
      return;
    }
    const stop = await this.#converse(target, onEnd);
    if (ear.stopped) stop();
    else ear.stop = stop;
  }

  #listenTo(target: UpstreamTarget, onEnd: () => void): Listening {
    const { syncRequests } = this.gateway;
    return listenTo(this.gateway, target, this.#owner(target), {
      filter: Object.fromEntries(announced(target).map((kind) => [`${kind}ListChanged`, true])),
      onAcknowledged: () => syncRequests.changed(target),
      onNotification: ({ message }) => {
        if (message.method.endsWith('/list_changed')) syncRequests.changed(target);
      },
      onEnd,
    });
  }

  /** Hears what a legacy upstream says by itself. @returns a function that ends it */
  async #converse(target: UpstreamTarget, onEnd: () => void): Promise<() => void> {
    const { links, syncRequests } = this.gateway;
    const entry = await links.lease(this.#owner(target), target);
    let isOver = false;
    const end = (): boolean => {
      if (isOver) return false;
      isOver = true;
      forget();
      entry.release();
      return true;
    };
    const lost = () => {
      if (end()) onEnd();
    };
    const forget = entry.onLost(lost);
    if (entry.open.closed) lost();
    // Others speak as soon as they are there, the stream of HTTP only once it is open.
    if (entry.open.identity.transport !== 'STREAMABLE_HTTP') syncRequests.changed(target);
    entry.open.listen();
    return () => {
      if (end() && !isShared(target)) links.closeOwner(ownerKeyOf(target));
    };
  }

  #owner(target: UpstreamTarget): LinkOwner {
    // The one process that all share says it to all.
    if (isShared(target)) return sharedOwnerOf(this.gateway, target);
    const { serverInfo, syncRequests } = this.gateway;
    const messages: ServerMessages = {
      notification: ({ message }) => {
        if (message.method.endsWith('/list_changed')) syncRequests.changed(target);
      },
      request: ({ message }) => Promise.resolve(methodNotFound(message.method)),
    };
    const key = ownerKeyOf(target);
    return {
      key,
      claim: key,
      client: { info: serverInfo, capabilities: {} },
      recheck: () => () => null,
      listening: () => syncRequests.changed(target),
      unsolicited: () => messages,
    };
  }
}
