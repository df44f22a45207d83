/** A W3C trace context as it travels: in headers, and unprefixed in `params._meta` (SEP-414). */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate: string | null;
  readonly baggage: string | null;
}

// Trace Context §3.2.2: version ff is invalid, so are ids of zeros; later versions may have more fields.
const traceparentShape =
  /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-[\x21-\x7e]{0,64})?$/;
const visible = /^[\x20-\x7e]+$/;
/** Beyond what Trace Context and Baggage ask implementations to pass on, a value is dropped. */
const maxTracestate = 512;
const maxBaggage = 8192;

const bounded = (value: unknown, max: number): string | null =>
  typeof value === 'string' && value.length <= max && visible.test(value) ? value : null;

/**
 * The trace context in a set of headers or in a `_meta`; null when there is none or its `traceparent` is malformed:
 * then nothing of it is passed on, because a receiver would drop it, too.
 */
export function traceContextOf(carrier: Readonly<Record<string, unknown>>): TraceContext | null {
  const { traceparent } = carrier;
  if (typeof traceparent !== 'string') return null;
  const match = traceparentShape.exec(traceparent);
  if (match === null || (match[1] === '00' && match[5] !== undefined)) return null;
  return {
    traceparent,
    tracestate: bounded(carrier['tracestate'], maxTracestate),
    baggage: bounded(carrier['baggage'], maxBaggage),
  };
}

/** The context as headers or members of `_meta`: only what there is. */
export function traceFields({ traceparent, tracestate, baggage }: TraceContext): Record<string, string> {
  const fields: Record<string, string> = { traceparent };
  if (tracestate !== null) fields['tracestate'] = tracestate;
  if (baggage !== null) fields['baggage'] = baggage;
  return fields;
}
