import { describe, expect, it } from 'vitest';
import { rewriteMeta } from './rewrite-meta.js';

describe('rewriteMeta', () => {
  it.each([
    ['{"id":1,"method":"ping"}', '{"id":1,"method":"ping","params":{"_meta":{"traceparent":"new"}}}'],
    ['{"params":{"a":1.0}, "id":1}', '{"params":{"a":1.0,"_meta":{"traceparent":"new"}}, "id":1}'],
    [
      '{"params":{"_meta":{"n":12345678901234567890,"traceparent":"old","tracestate":"gone"},"x":"}"}}',
      '{"params":{"_meta":{"n":12345678901234567890,"traceparent":"new"},"x":"}"}}',
    ],
    ['{"params":{"_meta":null}}', '{"params":{"_meta":{"traceparent":"new"}}}'],
  ])('changes members of _meta in %s and nothing else', (before, after) => {
    expect(rewriteMeta(before, { traceparent: '"new"', tracestate: null })).toBe(after);
  });
});
