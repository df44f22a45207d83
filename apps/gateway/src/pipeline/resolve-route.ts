import type { ClientPort } from '../relay/client-port.js';
import type { LimitedCall, PostedMessage, RoutedCall } from './calls.js';
import { routed } from './message-call.js';
import { endpointOf } from './rights.js';

/** Finds the endpoint that the path names; 404 when it is hidden, disabled or missing. */
export const resolveRoute = (call: LimitedCall, message: PostedMessage, client: ClientPort): RoutedCall =>
  routed(call, message, client, endpointOf(call.snapshot, call.principal, call.posted.route));
