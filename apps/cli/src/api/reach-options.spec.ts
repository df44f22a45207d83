import { describe, expect, it } from 'vitest';
import { parseHeader, parseTimeout, reachInput, type ReachOptions } from './reach-options.js';

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
  ])('[UPT-11] %s and %j', (address, options, expected) => {
    expect(reachInput(address, { header: [], ...options })).toEqual(expected);
  });

  it.each<[string | undefined, Partial<ReachOptions>, string]>([
    [undefined, {}, 'Give the address'],
    [undefined, { transport: 'stdio' }, '--command NAME'],
    [url, { command: 'files' }, 'no address'],
    [url, { transport: 'http', command: 'files' }, '--transport stdio'],
    [url, { shared: true }, '--shared goes with'],
  ])('[UPT-11] refuses %s and %j', (address, options, text) => {
    expect(() => reachInput(address, { header: [], ...options })).toThrow(text);
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
