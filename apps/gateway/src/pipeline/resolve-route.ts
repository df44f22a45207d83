import type { IdentifiedCall, PostedMessage, RoutedCall } from './calls.js';
import { endpointOf } from './rights.js';

/** Finds the endpoint that the path names; 404 when it is hidden, disabled or missing. */
export const resolveRoute = (call: IdentifiedCall, message: PostedMessage): RoutedCall => ({
  ...call,
  message,
  endpoint: endpointOf(call.snapshot, call.principal, call.posted.route),
});
