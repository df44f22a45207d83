/** A header name as RFC 9110 §5.1 spells it. */
export const headerToken = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** What may stand in a header's value (RFC 9110 §5.5): no line break that could begin another header. */
export const headerText = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Headers that the gateway or HTTP itself sets: another value would break the request, or smuggle a second one. */
const taken = new Set([
  'accept',
  'accept-encoding',
  'baggage',
  'connection',
  'date',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'last-event-id',
  'origin',
  'te',
  'trailer',
  'traceparent',
  'tracestate',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'via',
  'x-request-id',
]);

const takenPrefix = /^(content-|mcp-|proxy-|sec-|x-forwarded-|x-gatehouse-)/;

/** @param name in lower case */
export const isGatewayHeader = (name: string): boolean => taken.has(name) || takenPrefix.test(name);

const credential =
  /(^|[^a-z0-9])(x?(access|api|auth|bearer|csrf|id|refresh|security|session|user|xsrf)?token|authorization|authentication|x?auth|bearer|cookie2?|dpop|secret|password|passwd|credentials?|x?(access|api|private|secret)[^a-z0-9]?key|session([^a-z0-9]?id)?|jwt|assertion|signature)($|[^a-z0-9])/;

/**
 * Whether a header by its name carries who somebody is. Such a value is neither stored in the open nor taken from one
 * side to the other: a client's credential is for the gateway, never for an upstream.
 * @param name in lower case
 */
export const isCredentialHeader = (name: string): boolean => credential.test(name);
