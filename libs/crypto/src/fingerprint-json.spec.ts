import { describe, expect, it } from 'vitest';
import { sha256Hex } from './digest.js';
import { fingerprintJson } from './fingerprint-json.js';

describe('fingerprintJson', () => {
  it('hashes the canonical form of RFC 8785', () => {
    expect(fingerprintJson({ b: [1, true, null], a: 'x' })).toBe(sha256Hex('{"a":"x","b":[1,true,null]}'));
    expect(fingerprintJson({ literals: 1e30, small: 4.5, tiny: 2e-3 })).toBe(
      sha256Hex('{"literals":1e+30,"small":4.5,"tiny":0.002}'),
    );
  });

  it('does not depend on key order, and does on content', () => {
    const a = fingerprintJson(JSON.parse('{"name":"echo","inputSchema":{"type":"object","properties":{}}}'));
    const b = fingerprintJson(JSON.parse('{"inputSchema":{"properties":{},"type":"object"},"name":"echo"}'));
    const c = fingerprintJson(JSON.parse('{"inputSchema":{"properties":{},"type":"object"},"name":"Echo"}'));
    expect(a).toBe(b);
    expect(a).not.toBe(c);
  });

  it('counts own keys with dangerous names', () => {
    expect(fingerprintJson(JSON.parse('{"__proto__":1}'))).not.toBe(fingerprintJson({}));
  });

  it.each([
    ['undefined', undefined],
    ['NaN', Number.NaN],
    ['a lone surrogate', '\ud800'],
    ['endless depth', JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
  ])('refuses %s', (_name, value) => {
    expect(() => fingerprintJson(value)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
  });
});
