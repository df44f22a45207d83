import { DomainError } from '#kernel';
import type { UpstreamResponse } from '#mcp';
import type { Gateway } from '../gateway.js';
import type { UpstreamTarget } from '#snapshot';
import type { LinkEntry, ResourceWatcher } from '../upstream-pool/link-entry.js';
import type { SpokenEra } from '../upstream-pool/link-opener.js';
import type { LinkOwner } from '../upstream-pool/upstream-links.js';
import { currentTarget } from './current-target.js';
import { listenTo } from './listen-to.js';
import { ownRequest } from './own-request.js';

/** Who wants to hear of which resource. */
export interface WatchRequest extends ResourceWatcher {
  readonly upstream: UpstreamTarget;
  /** Whose link is used to an upstream that speaks so: both may change while it is watched. */
  readonly owner: (upstream: UpstreamTarget, spoken: SpokenEra) => LinkOwner;
  /** As the upstream spells it. */
  readonly uri: string;
}

/** The upstream's answer to a subscription that it refused. */
export class SubscriptionRefused extends Error {
  constructor(readonly reply: UpstreamResponse) {
    super('The upstream refused the subscription.');
    this.name = 'SubscriptionRefused';
  }
}

const retryMs = 1000;

async function subscribe(entry: LinkEntry, request: WatchRequest): Promise<void> {
  const { uri } = request;
  if (!entry.watch(uri, request)) return;
  entry.open.listen();
  const reply = await ownRequest(entry, { method: 'resources/subscribe', params: { uri } });
  if (reply === null || reply.message.error === undefined) return;
  entry.unwatch(uri, request);
  throw new SubscriptionRefused(reply);
}

function unsubscribe(entry: LinkEntry, request: WatchRequest): void {
  const { uri } = request;
  if (!entry.unwatch(uri, request) || entry.open.closed) return;
  void ownRequest(entry, { method: 'resources/unsubscribe', params: { uri } }).catch(() => null);
}

/** A subscription at an upstream, of either era, that is taken up again when the upstream drops it. */
class Watch {
  #stopped = false;
  #stop: () => void = () => undefined;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly gateway: Gateway,
    private readonly request: WatchRequest,
  ) {}

  async start(): Promise<void> {
    const { gateway, request } = this;
    const upstream = currentTarget(gateway, request.upstream);
    const spoken = await gateway.links.eraOf(upstream);
    if (this.#stopped) return;
    const owner = request.owner(upstream, spoken);
    if (spoken.era === 'LEGACY') await this.#startLegacy(upstream, owner);
    else {
      const told: { refusal: UpstreamResponse | null } = { refusal: null };
      const listening = listenTo(gateway, upstream, owner, {
        filter: { resourceSubscriptions: [request.uri] },
        // Nothing but this resource was asked for, so the upstream says what is within it.
        onNotification: (raw) => {
          if (raw.message.method === 'notifications/resources/updated') request.onUpdate(raw);
        },
        onEnd: (refusal) => {
          told.refusal = refusal;
          if (refusal === null) this.#again();
        },
      });
      this.#stop = () => listening.stop();
      await listening.acknowledged;
      if (told.refusal !== null) throw new SubscriptionRefused(told.refusal);
    }
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer ?? undefined);
    this.#stop();
  }

  async #startLegacy(upstream: UpstreamTarget, owner: LinkOwner): Promise<void> {
    const { gateway, request } = this;
    const entry = await gateway.links.lease(owner, upstream);
    let isLeft = false;
    const leave = (): boolean => {
      if (isLeft) return false;
      isLeft = true;
      forget();
      entry.release();
      return true;
    };
    const forget = entry.onLost(() => {
      if (leave()) this.#again();
    });
    this.#stop = () => {
      if (!isLeft) unsubscribe(entry, request);
      leave();
    };
    if (this.#stopped) {
      leave();
      return;
    }
    try {
      await subscribe(entry, request);
    } catch (error) {
      entry.unwatch(request.uri, request);
      leave();
      throw error;
    }
  }

  #again(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer ?? undefined);
    this.#timer = setTimeout(() => {
      this.start().catch((error: unknown) => {
        if (!(error instanceof SubscriptionRefused)) this.#again();
      });
    }, retryMs);
    this.#timer.unref();
  }
}

/** A subscription that was asked for. */
export interface Watching {
  /** Ends it, at any time. */
  stop(): void;
  /** Rejects with SubscriptionRefused or an UPSTREAM_* DomainError when it never began. */
  readonly begun: Promise<void>;
}

/** Subscribes to a resource at its upstream, whatever that speaks; links of one owner share a subscription. */
export function watchResource(gateway: Gateway, request: WatchRequest): Watching {
  const watch = new Watch(gateway, request);
  const begun = watch.start().catch((error: unknown) => {
    watch.stop();
    throw error;
  });
  return { stop: () => watch.stop(), begun };
}

/** Starts a subscription that is tried again until it is ended; nobody waits for it. @returns a function that ends it */
export function keepWatching(gateway: Gateway, request: WatchRequest): () => void {
  let watching: Watching;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    watching = watchResource(gateway, request);
    watching.begun.catch((error: unknown) => {
      if (stopped || error instanceof SubscriptionRefused || !(error instanceof DomainError)) return;
      timer = setTimeout(begin, retryMs);
      timer.unref();
    });
  };
  begin();
  return () => {
    stopped = true;
    clearTimeout(timer);
    watching.stop();
  };
}
