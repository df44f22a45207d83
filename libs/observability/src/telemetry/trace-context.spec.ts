import { describe, expect, it } from 'vitest';
import { traceContextOf, traceFields } from './trace-context.js';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('traceContextOf', () => {
  it('reads what is there and gives it back as it came [OTL-3]', () => {
    const carrier = { traceparent, tracestate: 'a=1,b=2', baggage: 'userId=7;secret', other: 'x' };
    const context = traceContextOf(carrier);
    expect(context).toEqual({ traceparent, tracestate: 'a=1,b=2', baggage: 'userId=7;secret' });
    expect(context && traceFields(context)).toEqual({ traceparent, tracestate: 'a=1,b=2', baggage: 'userId=7;secret' });
    expect(traceFields({ traceparent, tracestate: null, baggage: null })).toEqual({ traceparent });
  });

  it.each([
    undefined,
    null,
    7,
    '',
    'x',
    '00-client',
    `${traceparent}, ${traceparent}`,
    `${traceparent}-extra`,
    traceparent.replace('00-', 'ff-'),
    traceparent.toUpperCase(),
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
    `${traceparent}\r\nx-injected: 1`,
  ])('takes nothing from a carrier with traceparent %j', (value) => {
    expect(traceContextOf({ traceparent: value, tracestate: 'a=1', baggage: 'b=1' })).toBeNull();
  });

  it('takes a later version with more fields, and drops what is too long or not text', () => {
    const later = `${traceparent.replace('00-', '01-')}-what-comes`;
    expect(traceContextOf({ traceparent: later })).toEqual({ traceparent: later, tracestate: null, baggage: null });
    const long = { traceparent, tracestate: 'a'.repeat(513), baggage: 'b'.repeat(8193) };
    expect(traceContextOf(long)).toEqual({ traceparent, tracestate: null, baggage: null });
    expect(traceContextOf({ traceparent, tracestate: 'a\nb', baggage: ['x'] })).toMatchObject({
      tracestate: null,
      baggage: null,
    });
  });
});
