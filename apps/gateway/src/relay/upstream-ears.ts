import { isObject, type ServerMessages } from '#mcp';
import type { UpstreamTarget } from '#snapshot';
import type { Gateway } from '../gateway.js';
import type { LinkOwner } from '../upstream-pool/upstream-links.js';
import { isShared, sharedOwnerOf } from './link-owners.js';
import { listenTo } from './listen-to.js';
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
  stop: () => void;
  stopped: boolean;
}

/**
 * Listens, once per process and upstream, for news that lists have changed, as long as any client listens to an endpoint
 * with that upstream. What is heard asks for a sync; what comes of it is told by `ListChanges`.
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
    ear.stop();
  }

  #open(id: string, target: UpstreamTarget): void {
    const ear: Ear = { target, stop: () => undefined, stopped: false };
    this.#ears.set(id, ear);
    // A process of one's own for this only would be too much.
    const reachable = target.transport !== 'STDIO' || isShared(target);
    if (reachable && announced(target).length > 0) void this.#listen(ear);
  }

  async #listen(ear: Ear): Promise<void> {
    if (ear.stopped) return;
    const again = () => {
      if (ear.stopped) return;
      const timer = setTimeout(() => void this.#listen(ear), retryMs);
      timer.unref();
      ear.stop = () => clearTimeout(timer);
    };
    try {
      const stop = await this.#begin(ear.target, again);
      if (ear.stopped) stop();
      else ear.stop = stop;
    } catch (error) {
      this.gateway.logger.debug({ err: error, upstream: ear.target.slug }, 'an upstream cannot be listened to');
      again();
    }
  }

  async #begin(target: UpstreamTarget, onEnd: () => void): Promise<() => void> {
    const { links, syncRequests } = this.gateway;
    const { era } = await links.eraOf(target);
    if (era === 'MODERN') {
      const filter = Object.fromEntries(announced(target).map((kind) => [`${kind}ListChanged`, true]));
      return listenTo(this.gateway, target, this.#owner(target), {
        filter,
        onNotification: ({ message }) => {
          if (message.method.endsWith('/list_changed')) syncRequests.changed(target);
        },
        onEnd,
      });
    }
    const entry = await links.lease(this.#owner(target), target);
    entry.open.listen();
    const forget = entry.onLost(() => {
      entry.release();
      onEnd();
    });
    return () => {
      forget();
      entry.release();
      if (!isShared(target)) links.closeOwner(ownerKeyOf(target));
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
      unsolicited: () => messages,
    };
  }
}
