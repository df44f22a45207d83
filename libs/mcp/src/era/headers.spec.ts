import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkModernHeaders } from './check-modern-headers.js';
import { decodeHeaderValue, encodeHeaderValue } from './header-value.js';
import { checkParamHeaders, paramHeadersOf, readParamHeaders } from './param-headers.js';

const request = (method: string, params: Record<string, unknown>) => ({
  jsonrpc: '2.0' as const,
  id: 1,
  method,
  params,
});
const headers = (more: Record<string, string | undefined> = {}) => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'x',
  ...more,
});

describe('header values', () => {
  it('survive the way there and back, whatever they hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const encoded = encodeHeaderValue(text);
        expect(encoded).toMatch(/^[\x20-\x7e\t]+$/);
        expect(decodeHeaderValue(encoded.trim())).toBe(text);
      }),
    );
    expect(encodeHeaderValue('get-weather')).toBe('get-weather');
    expect(decodeHeaderValue(encodeHeaderValue('=?base64?eA==?='))).toBe('=?base64?eA==?=');
    expect(decodeHeaderValue('=?base64?x?=')).toBeNull();
    expect(decodeHeaderValue('=?base64?/w==?=')).toBeNull();
  });
});

describe('checkModernHeaders', () => {
  const call = request('tools/call', { name: 'grüße' });
  it('accepts equal and refuses missing or different headers', () => {
    expect(() => checkModernHeaders(headers({ 'mcp-name': encodeHeaderValue('grüße') }), call)).not.toThrow();
    expect(() => checkModernHeaders(headers(), request('tools/list', {}))).not.toThrow();
    expect(() =>
      checkModernHeaders(headers({ 'mcp-name': ' fixture://x ' }), request('resources/read', { uri: 'fixture://x' })),
    ).not.toThrow();
    for (const bad of [
      headers({ 'mcp-protocol-version': undefined, 'mcp-name': 'x' }),
      headers({ 'mcp-method': undefined }),
      headers(),
      headers({ 'mcp-name': 'safe' }),
      headers({ 'mcp-name': '=?base64?!?=' }),
    ])
      expect(() => checkModernHeaders(bad, call)).toThrow(expect.objectContaining({ code: 'HEADER_MISMATCH' }));
  });
});

describe('parameter headers', () => {
  const region = { type: 'string', 'x-mcp-header': 'Region' };
  const schema = {
    type: 'object',
    properties: {
      region,
      nested: { type: 'object', properties: { count: { type: 'integer', 'x-mcp-header': 'Count' } } },
    },
  };

  it('are read, made and compared', () => {
    const read = readParamHeaders(schema);
    const declared = read.valid ? read.headers : [];
    expect(declared.map(({ name, path }) => [name, path.join('.')])).toEqual(
      expect.arrayContaining([
        ['Region', 'region'],
        ['Count', 'nested.count'],
      ]),
    );
    const args = { region: 'köln', nested: { count: 42 } };
    expect(paramHeadersOf(declared, args)).toEqual({
      'mcp-param-region': encodeHeaderValue('köln'),
      'mcp-param-count': '42',
    });
    expect(paramHeadersOf(declared, { region: null })).toEqual({});
    expect(() => checkParamHeaders(declared, args, paramHeadersOf(declared, args))).not.toThrow();
    expect(() =>
      checkParamHeaders(declared, { nested: { count: 42 } }, { 'mcp-param-count': '42.0', 'mcp-param-region': 'x' }),
    ).not.toThrow();
    expect(() => checkParamHeaders(declared, args, { 'mcp-param-count': '42' })).toThrow('Mcp-Param-Region');
    expect(() => checkParamHeaders(declared, { region: 'a' }, { 'mcp-param-region': 'b' })).toThrow('Mcp-Param-Region');
  });

  it.each([
    [{ ...region, type: 'object' }],
    [{ type: 'object', properties: { a: { type: 'array', items: region } } }],
    [{ type: 'object', properties: { a: { anyOf: [region] } } }],
    [{ type: 'object', properties: { a: region, b: { type: 'string', 'x-mcp-header': 'REGION' } } }],
    [{ type: 'object', properties: { a: { type: 'string', 'x-mcp-header': 'a b' } } }],
    [{ type: 'object', properties: { a: { type: 'string', 'x-mcp-header': '' } } }],
    [{ type: 'object', properties: { a: { type: 'number', 'x-mcp-header': 'A' } } }],
    [{ type: 'object', $defs: { a: region } }],
  ])('are invalid in %j', (bad) => {
    expect(readParamHeaders(bad).valid).toBe(false);
  });

  it('are not looked for in data', () => {
    expect(
      readParamHeaders({ type: 'object', default: { 'x-mcp-header': 7 }, properties: { default: region } }),
    ).toMatchObject({
      valid: true,
      headers: [{ name: 'Region', path: ['default'] }],
    });
  });
});
