import type { JsonObject, JsonRpcNotification, RawMessage } from '#mcp';
import type { UpstreamTarget } from '#snapshot';
import type { Gateway } from '../gateway.js';
import type { LinkOwner } from '../upstream-pool/upstream-links.js';
import { ownRequest } from './own-request.js';
import { methodNotFound } from './server-asks.js';

/** What is asked of a modern upstream (2026-07-28, Subscriptions), and who hears of it. */
export interface ListenRequest {
  readonly filter: JsonObject;
  onNotification(message: RawMessage<JsonRpcNotification>): void;
  /** The stream has ended, for whatever reason but `stop`. */
  onEnd(): void;
}

/**
 * Opens a `subscriptions/listen` stream of Gatehouse's own at a modern upstream.
 * @returns a function that ends it, as soon as the upstream has acknowledged it
 */
export async function listenTo(
  gateway: Gateway,
  upstream: UpstreamTarget,
  owner: LinkOwner,
  request: ListenRequest,
): Promise<() => void> {
  const spoken = await gateway.links.eraOf(upstream);
  const isStateless = upstream.transport === 'STREAMABLE_HTTP';
  const entry = isStateless ? gateway.links.stateless(upstream, spoken) : await gateway.links.lease(owner, upstream);
  const controller = new AbortController();
  let begun = false;
  const over = () => {
    entry.release();
    if (begun && !controller.signal.aborted) request.onEnd();
  };
  const listening = new Promise<void>((resolve, reject) => {
    ownRequest(entry, {
      method: 'subscriptions/listen',
      params: { notifications: request.filter },
      signal: controller.signal,
      messages: {
        notification: (message) => {
          if (message.message.method === 'notifications/subscriptions/acknowledged') resolve();
          else request.onNotification(message);
        },
        request: ({ message }) => Promise.resolve(methodNotFound(message.method)),
      },
    })
      .finally(over)
      .then(() => resolve(), reject);
  });
  await listening;
  begun = true;
  return () => controller.abort(new Error('no longer needed'));
}
