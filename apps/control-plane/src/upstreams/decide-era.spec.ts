import { describe, expect, it } from 'vitest';
import type { Era, ProtocolEra, UpstreamTransport } from '#contracts';
import { decideEra } from './decide-era.js';

describe('decideEra', () => {
  it.each<[ProtocolEra | null | undefined, UpstreamTransport, Era | null, Era | null]>([
    [undefined, 'STREAMABLE_HTTP', null, null],
    ['AUTO', 'STREAMABLE_HTTP', 'LEGACY', null],
    ['LEGACY', 'STREAMABLE_HTTP', null, 'LEGACY'],
    ['MODERN', 'STREAMABLE_HTTP', 'LEGACY', 'MODERN'],
    [null, 'STDIO', 'MODERN', 'MODERN'],
    ['MODERN', 'STDIO', null, 'MODERN'],
    ['LEGACY', 'SSE', 'MODERN', 'LEGACY'],
    ['AUTO', 'SSE', 'MODERN', null],
  ])('[ERA-1] %s over %s, %s before: %s', (protocolEra, transport, before, expected) => {
    expect(decideEra({ protocolEra }, transport, before)).toBe(expected);
  });

  it.each<[string, ProtocolEra | null | undefined, Era | null]>([
    ['protocolEra', 'MODERN', null],
    ['protocolEra', 'MODERN', 'MODERN'],
    ['transport', undefined, 'MODERN'],
    ['transport', null, 'MODERN'],
  ])('[ERA-2] refuses the modern era over HTTP+SSE, naming %s', (field, protocolEra, before) => {
    expect(() => decideEra({ protocolEra }, 'SSE', before)).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT', field, message: expect.stringMatching(/HTTP\+SSE.*Set/) }),
    );
  });
});
