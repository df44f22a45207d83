import type { IncomingMessage } from 'node:http';
import type { Gateway } from '../gateway.js';
import { sentOnce } from '../http/sent-once.js';
import { CallError } from './call-error.js';
import type { AddressedCall, ReceivedCall } from './calls.js';

/**
 * The public URL that a request was sent to. A foreign Host would be DNS rebinding, a foreign Origin somebody else's web
 * page (2025-11-25, Transports, Security Warning): both are refused with 403.
 */
export function publicUrlOf({ urls }: Gateway, request: IncomingMessage): string {
  const publicUrl = urls.byHost(sentOnce(request, 'host') ?? undefined);
  if (publicUrl === null)
    throw new CallError('FORBIDDEN', 'The Host header names no public URL of this gateway.', { status: 403 });
  const { origin } = request.headers;
  if (origin !== undefined && !urls.allowsOrigin(origin))
    throw new CallError('FORBIDDEN', 'Pages of this origin may not call the gateway.', { status: 403 });
  return publicUrl;
}

/** Refuses a call that was sent to a name that is not ours, or by a web page that may not call. */
export const checkAddress = (gateway: Gateway, call: ReceivedCall): AddressedCall => ({
  ...call,
  publicUrl: publicUrlOf(gateway, call.request),
});
