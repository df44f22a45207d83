import { memberValue, type JsonRpcResponse } from '#mcp';
import type { Gateway } from '../gateway.js';
import { relayNotification } from '../relay/relay-notification.js';
import type { Session } from '../sessions/session.js';
import { CallCancelled } from './call-error.js';
import type { ConformingCall } from './calls.js';

/** Takes a message that wants no answer: an answer to a request of ours, a cancellation, or something for upstreams. */
export function takeUnanswered(gateway: Gateway, call: ConformingCall, session: Session | null): void {
  const { kind, method, received } = call.message;
  if (kind === 'response') {
    // The classifier has seen that it is one.
    const { id } = received.message as unknown as JsonRpcResponse;
    const result = memberValue(received.text, 'result');
    session?.answer(id, result === null ? { error: memberValue(received.text, 'error') ?? 'null' } : { result });
  } else if (method === 'notifications/cancelled')
    session?.cancel(received.message.params?.['requestId'], new CallCancelled());
  else if (method === 'notifications/progress' && session?.progressed(received.text, received.message.params)) return;
  else relayNotification(gateway, call);
}
