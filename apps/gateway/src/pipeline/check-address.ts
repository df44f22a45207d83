import type { Gateway } from '../gateway.js';
import type { Exchange } from '../http/exchange.js';
import { sentOnce } from '../http/sent-once.js';
import { CallError } from './call-error.js';
import type { AddressedCall, ReceivedCall } from './calls.js';
import { addressed } from './http-call.js';

/**
 * The public URL that a request was sent to. A foreign Host would be DNS rebinding, a foreign Origin somebody else's web
 * page (2025-11-25, Transports, Security Warning): both are refused with 403.
 */
export function publicUrlOf({ urls }: Gateway, { handedOver, request }: Exchange): string {
  // Processes that share no public URL (defaults with different ports) believe each other about the one that was called.
  const publicUrl = handedOver?.publicUrl ?? urls.byHost(sentOnce(request, 'host') ?? undefined);
  if (publicUrl === null)
    throw new CallError('FORBIDDEN', 'The Host header names no public URL of this gateway.', { status: 403 });
  const { origin } = request.headers;
  if (origin !== undefined && origin !== publicUrl && !urls.allowsOrigin(origin))
    throw new CallError('FORBIDDEN', 'Pages of this origin may not call the gateway.', { status: 403 });
  return publicUrl;
}

/** Refuses a call that was sent to a name that is not ours, or by a web page that may not call. */
export const checkAddress = (gateway: Gateway, call: ReceivedCall): AddressedCall =>
  addressed(call, publicUrlOf(gateway, call));
