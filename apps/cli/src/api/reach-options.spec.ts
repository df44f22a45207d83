import { describe, expect, it } from 'vitest';
import { parseForwardedHeader, parseHeader, parseTimeout, reachInput, type ReachOptions } from './reach-options.js';

const url = 'https://mcp.example.com/mcp';

describe('how an upstream is reached, on the command line', () => {
  it.each<[string | undefined, Partial<ReachOptions>, object]>([
    [url, {}, { transport: 'STREAMABLE_HTTP', url }],
    [url, { transport: 'sse', timeout: '90s' }, { transport: 'SSE', url, requestTimeout: '90s' }],
    [undefined, { command: 'files' }, { transport: 'STDIO', command: 'files', shared: false }],
    [
      undefined,
      { transport: 'stdio', command: 'files', shared: true },
      { transport: 'STDIO', command: 'files', shared: true },
    ],
    [
      url,
      { header: [{ name: 'X-A', value: 'b' }] },
      { transport: 'STREAMABLE_HTTP', url, headers: [{ name: 'X-A', value: 'b' }] },
    ],
    [
      url,
      { connectTimeout: '2s', headersTimeout: '500ms', maxTime: '5m', forwardHeader: [{ from: 'X-A', to: 'X-B' }] },
      {
        transport: 'STREAMABLE_HTTP',
        url,
        connectTimeout: '2s',
        headersTimeout: '500ms',
        maxRequestTime: '5m',
        forwardedHeaders: [{ from: 'X-A', to: 'X-B' }],
      },
    ],
    [url, { era: 'legacy' }, { transport: 'STREAMABLE_HTTP', protocolEra: 'LEGACY', url }],
  ])('[UPT-11] [ERA-1] %s and %j', (address, options, expected) => {
    expect(reachInput(address, { header: [], forwardHeader: [], ...options })).toEqual(expected);
  });

  it.each<[string | undefined, Partial<ReachOptions>, string]>([
    [undefined, {}, 'Give the address'],
    [undefined, { transport: 'stdio' }, '--command NAME'],
    [url, { command: 'files' }, 'no address'],
    [url, { transport: 'http', command: 'files' }, '--transport stdio'],
    [url, { shared: true }, '--shared goes with'],
    [url, { transport: 'sse', era: 'modern' }, '--era modern does not go'],
  ])('[UPT-11] [ERA-2] refuses %s and %j', (address, options, text) => {
    expect(() => reachInput(address, { header: [], forwardHeader: [], ...options })).toThrow(text);
  });

  it('[RBS-7] takes forwarded headers one by one, each with its name at the upstream or without', () => {
    const first = parseForwardedHeader('X-Case', []);
    expect(parseForwardedHeader(' X-Lang = Accept-Language ', first)).toEqual([
      { from: 'X-Case' },
      { from: 'X-Lang', to: 'Accept-Language' },
    ]);
    for (const wrong of ['', '=', 'X-A=', '=X-B', 'X-A=X-B=X-C'])
      expect(() => parseForwardedHeader(wrong, [])).toThrow('Name=Other-Name');
  });

  it('[UPT-11] takes headers one by one, and times with a unit', () => {
    expect(parseHeader(' X-Time : 12:30', [{ name: 'X-A', value: 'b' }])).toEqual([
      { name: 'X-A', value: 'b' },
      { name: 'X-Time', value: '12:30' },
    ]);
    expect(() => parseHeader('X-Key', [])).toThrow('--secret-header');
    expect(parseTimeout('500ms')).toBe('500ms');
    for (const wrong of ['90', '0s', 's', '1w', '-1s']) expect(() => parseTimeout(wrong)).toThrow('90s');
  });
});
