import { describe, expect, it } from 'vitest';
import { parseMcpServers } from './parse-mcp-servers.js';
import { slugFromName } from './slug-from-name.js';

const parse = (servers: Record<string, unknown>) => parseMcpServers(JSON.stringify({ mcpServers: servers }));
const problem = (entry: unknown, name = 'x') => parse({ [name]: entry })[0]?.problem;

describe('parseMcpServers [CLI-5]', () => {
  it('turns http entries of every spelling into upstreams', () => {
    expect(
      parse({
        'GitHub Tools': { type: 'http', url: 'https://a.example/mcp', headers: { Authorization: 'Bearer s' } },
        wind: { serverUrl: 'https://b.example/mcp' },
        gemini: { httpUrl: 'https://c.example/mcp' },
      }),
    ).toEqual([
      {
        name: 'GitHub Tools',
        upstream: {
          slug: 'github-tools',
          name: 'GitHub Tools',
          url: 'https://a.example/mcp',
          authHeader: 'Authorization',
          authSecret: 'Bearer s',
        },
      },
      { name: 'wind', upstream: { slug: 'wind', name: 'wind', url: 'https://b.example/mcp' } },
      { name: 'gemini', upstream: { slug: 'gemini', name: 'gemini', url: 'https://c.example/mcp' } },
    ]);
  });

  it('[UPT-11] keeps the older transport, and further headers beside the credential', () => {
    const headers = { 'X-Tenant': 'acme', authorization: 'Bearer s' };
    expect(parse({ old: { type: 'sse', url: 'https://a.example/sse', headers } })[0]?.upstream).toEqual({
      ...{ slug: 'old', name: 'old', transport: 'SSE', url: 'https://a.example/sse' },
      ...{ headers: [{ name: 'X-Tenant', value: 'acme' }], authHeader: 'authorization', authSecret: 'Bearer s' },
    });
  });

  it('reads the file of VS Code and one with a byte order mark', () => {
    expect(parseMcpServers('\uFEFF{"servers":{"a":{"url":"https://a.example"}}}')).toHaveLength(1);
  });

  it('says why an entry cannot be imported, and goes on with the others', () => {
    const entries = parse({ local: { command: 'npx', args: ['x'] }, remote: { url: 'https://a.example' } });
    expect(entries[0]?.problem).toContain('is a command line, which is never taken from a file');
    expect(entries[1]?.upstream?.slug).toBe('remote');
    expect(problem({})).toBe('has neither url nor command');
    expect(problem({ url: 5 })).toBe('is malformed at url');
    expect(problem('https://a.example')).toBe('is malformed at its top');
    expect(problem({ url: 'https://a.example', headers: { A: '1', B: '2' } })).toContain(
      'has 2 headers, none of them Authorization',
    );
    expect(problem({ url: 'https://a.example', headers: { A: 'Bearer ${TOKEN}' } })).toContain(
      'holds a ${…} reference',
    );
    expect(problem({ url: 'https://a.example' }, '…')).toContain('has a name without letters or digits');
  });

  it('refuses the second of two names that become one slug', () => {
    const entries = parse({ 'my server': { url: 'https://a.example' }, 'my-server': { url: 'https://b.example' } });
    expect(entries.map((entry) => entry.problem)).toEqual([
      undefined,
      'becomes the same slug as "my server"; rename one of them',
    ]);
  });

  it.each(['', '[]', '{"mcpServers":[]}', '{"a":1}', 'null'])('refuses what is no such file: %s', (text) => {
    expect(() => parseMcpServers(text)).toThrow(/The file (is not JSON|holds no MCP servers)/);
  });
});

describe('slugFromName', () => {
  it('reads like the name and is at most 32 characters', () => {
    expect(slugFromName('  Größe & Wert!  ')).toBe('gro-e-wert');
    expect(slugFromName('a'.repeat(31) + '-b')).toBe('a'.repeat(31));
    expect(slugFromName('日本')).toBeNull();
  });
});
