import { DomainError } from '#kernel';
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
  onNotification(message: RawMessage<JsonRpcNotification>): void;
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

/**
 * Opens a `subscriptions/listen` stream of Gatehouse's own at a modern upstream.
 * @returns a function that ends it, as soon as the upstream has acknowledged it, or answered without doing so: then
 * `onEnd` was called already. Rejects when there is no answer.
 */
export async function listenTo(
  gateway: Gateway,
  upstream: UpstreamTarget,
  owner: LinkOwner,
  request: ListenRequest,
): Promise<() => void> {
  const entry = await modernEntry(gateway, upstream, owner);
  const controller = new AbortController();
  let stopped = false;
  const ended = (refusal: UpstreamResponse | null) => {
    if (!stopped) request.onEnd(refusal);
  };
  const forget = gateway.snapshots.onChange((next) => {
    if (isOutdated(entry.target, 'MODERN', next)) controller.abort(new Error('another era is set'));
  });
  await new Promise<void>((resolve, reject) => {
    let acknowledged = false;
    ownRequest(entry, {
      method: 'subscriptions/listen',
      params: { notifications: request.filter },
      capabilities: request.capabilities,
      signal: controller.signal,
      messages: {
        notification: (message) => {
          const { method, params } = message.message;
          if (method !== 'notifications/subscriptions/acknowledged') return request.onNotification(message);
          acknowledged = true;
          const honoured = params?.['notifications'];
          request.onAcknowledged?.(isObject(honoured) ? honoured : {});
          return resolve();
        },
        request: ({ message }) => Promise.resolve(methodNotFound(message.method)),
      },
    })
      .finally(() => {
        forget();
        entry.release();
      })
      .then(
        (reply) => {
          ended(acknowledged || reply?.message.error === undefined ? null : reply);
          resolve();
        },
        (error: unknown) => {
          if (acknowledged) ended(null);
          else reject(error);
        },
      );
  });
  return () => {
    stopped = true;
    controller.abort(new Error('no longer needed'));
  };
}
