import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { describe, expect, it } from 'vitest';
import { textTool } from './fixture-catalogue.js';
import { startFixtureServer, type FixtureServerOptions } from './start-fixture-server.js';

const info = { name: 'spec', version: '1' };
const textOfResult = (result: unknown) => (result as { content: { text?: string }[] }).content[0]?.text;

const legacyVariants: FixtureServerOptions[] = [
  { era: 'legacy' },
  { era: 'legacy', sessions: true, sse: true, pageSize: 3 },
  { era: 'dual', sessions: true },
];

describe('the fixture server', () => {
  it.each(legacyVariants)('serves the SDK v1 client: %j', async (options) => {
    await using server = await startFixtureServer(options);
    const client = new Client(info);
    await client.connect(new StreamableHTTPClientTransport(new URL(server.url)));
    expect(client.getServerVersion()).toMatchObject({ name: 'fixture' });
    expect((await client.listTools()).tools.length).toBe(options.pageSize ?? server.catalogue.tools.length);
    expect(textOfResult(await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } }))).toBe('5');
    expect(await client.callTool({ name: 'fail' })).toMatchObject({ isError: true });
    expect(await client.callTool({ name: 'structured' })).toMatchObject({ structuredContent: { celsius: 21 } });
    expect(await client.readResource({ uri: 'fixture://item/7' })).toMatchObject({ contents: [{ text: 'item 7' }] });
    await expect(client.readResource({ uri: 'fixture://none' })).rejects.toThrow('not found');
    expect((await client.listResourceTemplates()).resourceTemplates).toHaveLength(1);
    expect(await client.getPrompt({ name: 'with-args', arguments: { topic: 'tea' } })).toMatchObject({
      messages: [{ content: { text: 'Write about tea.' } }],
    });
    await client.ping();
    expect(server.sessions.size).toBe(options.sessions ? 1 : 0);
    await client.close();
  });

  it.each<FixtureServerOptions>([{ era: 'modern' }, { era: 'modern', sse: true }, { era: 'dual' }])(
    'serves the SDK v2 client in the modern era: %j',
    async (options) => {
      await using server = await startFixtureServer(options);
      const client = new ModernClient(info, { versionNegotiation: { mode: 'auto' } });
      await client.connect(new ModernTransport(new URL(server.url)));
      expect(client.getProtocolEra()).toBe('modern');
      expect((await client.listTools()).tools.map(({ name }) => name)).toContain('with-region');
      expect(textOfResult(await client.callTool({ name: 'with-region', arguments: { region: 'köln' } }))).toBe(
        'region köln',
      );
      expect(await client.readResource({ uri: 'fixture://text' })).toMatchObject({ contents: [{ text: 'hello' }] });
      expect(await client.getPrompt({ name: 'simple' })).toMatchObject({ messages: [{ role: 'user' }] });
      expect(server.methods()).not.toContain('initialize');
      await client.close();
    },
  );

  it('serves the SDK v2 client in the legacy era', async () => {
    await using server = await startFixtureServer({ era: 'legacy', sessions: true });
    const client = new ModernClient(info, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new ModernTransport(new URL(server.url)));
    expect(client.getProtocolEra()).toBe('legacy');
    expect(textOfResult(await client.callTool({ name: 'echo', arguments: { text: 'hi' } }))).toBe('hi');
    await client.close();
  });

  it('records requests, changes its catalogue and wants its token', async () => {
    await using server = await startFixtureServer({ era: 'legacy', token: 'secret' });
    const list = (token: string) =>
      fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
      });
    expect((await list('wrong')).status).toBe(401);
    server.catalogue.tools = [textTool('only', 'The only one.', () => 'x')];
    expect(await (await list('secret')).json()).toMatchObject({ result: { tools: [{ name: 'only' }] } });
    expect(server.requests).toHaveLength(2);
    expect(server.requests[1]).toMatchObject({
      headers: { authorization: 'Bearer secret' },
      body: { method: 'tools/list' },
    });
  });
});
