import { declaredMask, isObject } from '#mcp';
import type { Endpoint } from '#snapshot';
import type { ClientPort } from '../relay/client-port.js';
import type { LimitedCall, PostedMessage, RoutedCall } from './calls.js';
import { routed } from './message-call.js';
import { endpointOf } from './rights.js';

/** What a client has declared that it can be asked, as bits: in its session, in the message, or by it. */
export function declaredBy({ era, method, received }: PostedMessage, client: ClientPort): number {
  const isIntroduction = era === 'LEGACY' && method === 'initialize';
  const declared = isIntroduction ? received.message.params?.['capabilities'] : client.capabilities;
  return isObject(declared) ? declaredMask(declared) : 0;
}

/** A client sees what is there for clients like it. A pass-through leaves that to its upstream. */
export const asSeen = (endpoint: Endpoint, message: PostedMessage, client: ClientPort): Endpoint =>
  endpoint.asks === 0 || endpoint.kind === 'upstream' ? endpoint : endpoint.forClient(declaredBy(message, client));

/** Finds the endpoint that the path names, as the client sees it; 404 when it is hidden, disabled or missing. */
export const resolveRoute = (call: LimitedCall, message: PostedMessage, client: ClientPort): RoutedCall =>
  routed(call, message, client, asSeen(endpointOf(call.snapshot, call.principal, call.posted.route), message, client));
