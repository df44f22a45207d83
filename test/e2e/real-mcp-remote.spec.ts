import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client as NewClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as NewStdio } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../project-files.js';
import { doors, startRealWorld, talkers, type Door, type RealWorld } from './real-world.js';

// Clients that know stdio only reach Gatehouse through a bridge of their own.

type Json = Record<string, unknown>;

let real: RealWorld;
let home: string;

beforeAll(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'gatehouse-clients-'));
  real = await startRealWorld({ GATEHOUSE_MCP_HTTP_SSE: 'true' });
});
afterAll(async () => {
  await real?.[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});

const urlOf = (door: Door, slug: string, end = 'mcp') => real.world.at(door.path(slug).replace(/mcp$/, end));
const textOf = (result: unknown): unknown => ((result as Json)['content'] as Json[])[0]?.['text'];
const elicited = { action: 'accept' as const, content: { name: 'Ada' } };

describe.each(doors)('[CLT-6] mcp-remote at $title', (door) => {
  const program = path.join(projectRoot, 'node_modules/.bin/mcp-remote');
  const command = (slug: string, more: readonly string[] = ['--transport', 'http-only'], end = 'mcp') => ({
    command: process.execPath,
    args: [program, urlOf(door, slug, end), '--allow-http', '--header', 'Authorization:${AUTH}', ...more],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      MCP_REMOTE_CONFIG_DIR: home,
      AUTH: `Bearer ${real.world.token}`,
    },
    stderr: 'ignore' as const,
  });

  async function legacyClient(transport: StdioClientTransport): Promise<Client> {
    const client = new Client(
      { name: 'v1', version: '1' },
      { capabilities: { sampling: {}, elicitation: {}, roots: { listChanged: true } } },
    );
    client.setRequestHandler(ElicitRequestSchema, () => elicited);
    client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///work' }] }));
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
      role: 'assistant' as const,
      content: { type: 'text' as const, text: 'hello' },
      model: 'm',
    }));
    await client.connect(transport);
    return client;
  }

  it.each([
    { title: 'streamable HTTP', more: ['--transport', 'http-only'], end: 'mcp' },
    {
      title: 'the modern era, which it bridges itself',
      more: ['--transport', 'http-only', '--protocol', 'auto'],
      end: 'mcp',
    },
    { title: 'HTTP+SSE', more: ['--transport', 'sse-only'], end: 'sse' },
  ])('serves a legacy client over stdio: $title', async ({ more, end }) => {
    await Promise.all(
      talkers.map(async (slug) => {
        const client = await legacyClient(new StdioClientTransport(command(slug, more, end)));
        const { tools } = await client.listTools();
        expect(tools.map(({ name }) => name)).toContain(door.name(slug, 'echo'));
        for (const [tool, text] of [
          ['echo', 'echo {}'],
          ['sample', 'sampled {"type":"text","text":"hello"}'],
          ['two-rounds', '{"name":"Ada"} {"name":"Ada"}'],
          ['roots', 'roots [{"uri":"file:///work"}]'],
        ] as const)
          expect(textOf(await client.callTool({ name: door.name(slug, tool), arguments: {} }))).toBe(text);
        await client.close();
      }),
    );
    const client = await legacyClient(new StdioClientTransport(command('everything', more, end)));
    const steps: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => void steps.push(progress);
    const operation = {
      name: door.name('everything', 'trigger-long-running-operation'),
      arguments: { duration: 1, steps: 4 },
    };
    await client.callTool(operation, undefined, { onprogress });
    // The last one may be overtaken by the answer within mcp-remote.
    expect(steps.slice(0, 3)).toEqual([1, 2, 3]);
    await client.close();
  });

  it('serves a modern client over stdio', async () => {
    await Promise.all(
      talkers.map(async (slug) => {
        const client = new NewClient(
          { name: 'v2', version: '1' },
          { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: { pin: '2026-07-28' } } },
        );
        client.setRequestHandler('elicitation/create', () => elicited);
        await client.connect(new NewStdio(command(slug)));
        expect((await client.listTools()).tools.map(({ name }) => name)).toContain(door.name(slug, 'echo'));
        expect(textOf(await client.callTool({ name: door.name(slug, 'echo'), arguments: {} }))).toBe('echo {}');
        expect(textOf(await client.callTool({ name: door.name(slug, 'elicit') }))).toBe('elicited {"name":"Ada"}');
        await client.close();
      }),
    );
  });
});
