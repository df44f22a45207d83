import type { Gateway } from '../gateway.js';
import type { ConformingCall } from '../pipeline/calls.js';
import { linksOf } from './session-links.js';

/** What Gatehouse deals with itself, because it has its own conversation with each upstream. */
const own = new Set(['notifications/initialized', 'notifications/cancelled']);
/** What means the same to every upstream of a session. */
const forAll = new Set(['notifications/roots/list_changed']);

/**
 * Passes a notification of a legacy session on to the upstreams that the session has a conversation with: that its roots
 * changed to all of them, everything else through a pass-through only. Modern clients have nothing to notify.
 */
export function relayNotification(gateway: Gateway, { client, endpoint, message }: ConformingCall): void {
  const { session } = client;
  const { method, received } = message;
  if (session === null || own.has(method) || !(forAll.has(method) || endpoint.kind === 'upstream')) return;
  for (const { open } of linksOf(gateway, session)) if (open.identity.era === 'LEGACY') void open.notify(received.text);
}
