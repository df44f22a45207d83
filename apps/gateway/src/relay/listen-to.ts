import { Cancellation, DomainError } from '#kernel';
import { isObject, type JsonObject, type JsonRpcNotification, type RawMessage, type UpstreamResponse } from '#mcp';
import type { UpstreamTarget } from '#snapshot';
import type { Gateway } from '../gateway.js';
import type { LinkEntry } from '../upstream-pool/link-entry.js';
import { isOutdated } from '../upstream-pool/is-outdated.js';
import type { LinkOwner } from '../upstream-pool/upstream-links.js';
import { currentTarget } from './current-target.js';
import { ownRequest } from './own-request.js';
import { methodNotFound } from './server-asks.js';

/** What is asked of a modern upstream (2026-07-28, Subscriptions), and who hears of it. */
export interface ListenRequest {
  readonly filter: JsonObject;
  /** What the upstream is told that the client can do; nothing unless given. */
  readonly capabilities?: JsonObject;
  /** What of the filter the upstream honours; not heard where it refuses the request. */
  onAcknowledged?(honoured: JsonObject): void;
  /** A promise holds the upstream up. */
  onNotification(message: RawMessage<JsonRpcNotification>): void | Promise<void>;
  /**
   * The stream has ended, for whatever reason but `stop`.
   * @param refusal the upstream's error, where it has refused to listen in the first place
   */
  onEnd(refusal: UpstreamResponse | null): void;
}

/**
 * The link for a request of Gatehouse's own to a modern upstream; release it. UPSTREAM_ERA_NOT_SPOKEN when it is one no
 * more, found or set.
 */
export async function modernEntry(gateway: Gateway, known: UpstreamTarget, owner: LinkOwner): Promise<LinkEntry> {
  const upstream = currentTarget(gateway, known);
  const spoken = await gateway.links.eraOf(upstream);
  if (spoken.era === 'LEGACY')
    throw new DomainError('UPSTREAM_ERA_NOT_SPOKEN', `Upstream "${upstream.slug}" is not spoken to in the modern era.`);
  const isStateless = upstream.transport === 'STREAMABLE_HTTP';
  return isStateless ? gateway.links.stateless(upstream, spoken) : gateway.links.lease(owner, upstream);
}

/** An upstream that has not acknowledged by then is not waited for any longer, and its stream is ended. */
export const patienceMs = 5000;

/** A stream of Gatehouse's own that was asked for. */
export interface Listening {
  /** Ends it, whatever has come of it; `onEnd` is not called any more. */
  stop(): void;
  /**
   * Resolves as soon as the upstream has acknowledged it, or answered without doing so: then `onEnd` was called already.
   * Rejects where it was stopped before, or there is no answer (UPSTREAM_TIMEOUT after `patienceMs`).
   */
  readonly acknowledged: Promise<void>;
}

class OwnStream implements Listening {
  readonly acknowledged: Promise<void>;
  readonly #cancellation = new Cancellation();
  #stopped = false;

  constructor(
    private readonly gateway: Gateway,
    private readonly upstream: UpstreamTarget,
    owner: LinkOwner,
    private readonly request: ListenRequest,
  ) {
    this.acknowledged = new Promise((resolve, reject) => {
      // Whoever stops it does not wait until it has a link.
      this.#cancellation.addEventListener('abort', () => reject(this.#cancellation.reason));
      this.#open(owner, resolve).catch(reject);
    });
    // Whoever stops it need not hear that it is stopped.
    this.acknowledged.catch(() => undefined);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancellation.cancel(new Error('no longer needed'));
  }

  async #open(owner: LinkOwner, resolve: () => void): Promise<void> {
    const { gateway, upstream } = this;
    const entry = await modernEntry(gateway, upstream, owner);
    if (this.#stopped) {
      entry.release();
      return;
    }
    const forget = gateway.snapshots.onChange((next) => {
      if (!isOutdated(entry.target, 'MODERN', next)) return;
      const text = `Upstream "${upstream.slug}" is not spoken to in the modern era any more.`;
      this.#cancellation.cancel(new DomainError('UPSTREAM_ERA_NOT_SPOKEN', text));
    });
    const late = setTimeout(() => {
      const text = `Upstream "${upstream.slug}" did not acknowledge "subscriptions/listen" within ${patienceMs} ms.`;
      this.#cancellation.cancel(new DomainError('UPSTREAM_TIMEOUT', text));
    }, patienceMs);
    late.unref();
    let acknowledged = false;
    const begun = () => {
      acknowledged = true;
      clearTimeout(late);
      resolve();
    };
    let reply: UpstreamResponse | null = null;
    try {
      reply = await this.#send(entry, begun);
    } catch (error) {
      if (!acknowledged) throw error;
    } finally {
      clearTimeout(late);
      forget();
      entry.release();
    }
    if (!this.#stopped) this.request.onEnd(acknowledged || reply?.message.error === undefined ? null : reply);
    resolve();
  }

  #send(entry: LinkEntry, begun: () => void): Promise<UpstreamResponse | null> {
    const { capabilities, filter } = this.request;
    return ownRequest(entry, {
      method: 'subscriptions/listen',
      params: { notifications: filter },
      capabilities,
      signal: this.#cancellation,
      messages: {
        notification: (message) => {
          if (this.#stopped) return undefined;
          const { method, params } = message.message;
          if (method !== 'notifications/subscriptions/acknowledged') return this.request.onNotification(message);
          const honoured = params?.['notifications'];
          this.request.onAcknowledged?.(isObject(honoured) ? honoured : {});
          return begun();
        },
        request: ({ message }) => Promise.resolve(methodNotFound(message.method)),
      },
    });
  }
}

/** Opens a `subscriptions/listen` stream of Gatehouse's own at a modern upstream. */
export const listenTo = (
  gateway: Gateway,
  upstream: UpstreamTarget,
  owner: LinkOwner,
  request: ListenRequest,
): Listening => new OwnStream(gateway, upstream, owner, request);
