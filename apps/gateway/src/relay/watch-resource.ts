import { DomainError } from '#kernel';
import type { UpstreamResponse } from '#mcp';
import type { Gateway } from '../gateway.js';
import type { UpstreamTarget } from '#snapshot';
import type { LinkEntry } from '../upstream-pool/link-entry.js';
import type { SpokenEra } from '../upstream-pool/link-opener.js';
import type { LinkOwner } from '../upstream-pool/upstream-links.js';
import { currentTarget } from './current-target.js';
import { listenTo } from './listen-to.js';
import { ownRequest } from './own-request.js';

/** Who wants to hear of which resource. */
export interface WatchRequest {
  readonly upstream: UpstreamTarget;
  /** Whose link is used to an upstream that speaks so: both may change while it is watched. */
  readonly owner: (upstream: UpstreamTarget, spoken: SpokenEra) => LinkOwner;
  /** As the upstream spells it. */
  readonly uri: string;
  readonly onUpdate: () => void;
}

/** The upstream's answer to a subscription that it refused. */
export class SubscriptionRefused extends Error {
  constructor(readonly reply: UpstreamResponse) {
    super('The upstream refused the subscription.');
    this.name = 'SubscriptionRefused';
  }
}

const retryMs = 1000;

async function subscribe(entry: LinkEntry, { uri, onUpdate }: WatchRequest): Promise<void> {
  if (!entry.watch(uri, onUpdate)) return;
  entry.open.listen();
  const reply = await ownRequest(entry, { method: 'resources/subscribe', params: { uri } });
  if (reply === null || reply.message.error === undefined) return;
  entry.unwatch(uri, onUpdate);
  throw new SubscriptionRefused(reply);
}

function unsubscribe(entry: LinkEntry, { uri, onUpdate }: WatchRequest): void {
  if (!entry.unwatch(uri, onUpdate) || entry.open.closed) return;
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
    const owner = request.owner(upstream, spoken);
    if (spoken.era === 'LEGACY') await this.#startLegacy(upstream, owner);
    else {
      const told: { refusal: UpstreamResponse | null } = { refusal: null };
      this.#stop = await listenTo(gateway, upstream, owner, {
        filter: { resourceSubscriptions: [request.uri] },
        onNotification: ({ message }) => {
          if (message.method === 'notifications/resources/updated' && message.params?.['uri'] === request.uri)
            request.onUpdate();
        },
        onEnd: (refusal) => {
          told.refusal = refusal;
          if (refusal === null) this.#again();
        },
      });
      if (told.refusal !== null) throw new SubscriptionRefused(told.refusal);
    }
    if (this.#stopped) this.#stop();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer ?? undefined);
    this.#stop();
  }

  async #startLegacy(upstream: UpstreamTarget, owner: LinkOwner): Promise<void> {
    const { gateway, request } = this;
    const entry = await gateway.links.lease(owner, upstream);
    let isLost = false;
    const forget = entry.onLost(() => {
      isLost = true;
      entry.release();
      this.#stop = () => undefined;
      this.#again();
    });
    this.#stop = () => {
      this.#stop = () => undefined;
      forget();
      unsubscribe(entry, request);
      entry.release();
    };
    try {
      await subscribe(entry, request);
    } catch (error) {
      forget();
      if (!isLost) entry.release();
      this.#stop = () => undefined;
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

/**
 * Subscribes to a resource at its upstream, whatever that speaks; links of one owner share a subscription.
 * @returns a function that ends it. Rejects with SubscriptionRefused or an UPSTREAM_* DomainError when it never began.
 */
export async function watchResource(gateway: Gateway, request: WatchRequest): Promise<() => void> {
  const watch = new Watch(gateway, request);
  try {
    await watch.start();
  } catch (error) {
    watch.stop();
    throw error;
  }
  return () => watch.stop();
}

/** Starts a subscription that is tried again until it is ended; nobody waits for it. @returns a function that ends it */
export function keepWatching(gateway: Gateway, request: WatchRequest): () => void {
  let stop: (() => void) | null = null;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    watchResource(gateway, request).then(
      (end) => {
        stop = end;
        if (stopped) end();
      },
      (error: unknown) => {
        if (stopped || error instanceof SubscriptionRefused || !(error instanceof DomainError)) return;
        timer = setTimeout(begin, retryMs);
        timer.unref();
      },
    );
  };
  begin();
  return () => {
    stopped = true;
    clearTimeout(timer);
    stop?.();
  };
}
