import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createMCPClient, ElicitationRequestSchema, type MCPClient } from '@ai-sdk/mcp';
import { MultiServerMCPClient } from '@langchain/mcp-adapters';
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
import { doors, eventually, startRealWorld, talkers, type Door, type RealWorld } from './real-world.js';

// Clients that are not ours and not the SDKs alone: each lists and calls what it can, through both kinds of endpoints.

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

const headers = () => ({ authorization: `Bearer ${real.world.token}` });
const urlOf = (door: Door, slug: string, end = 'mcp') => real.world.at(door.path(slug).replace(/mcp$/, end));
const textOf = (result: unknown): unknown => ((result as Json)['content'] as Json[])[0]?.['text'];
const elicited = { action: 'accept' as const, content: { name: 'Ada' } };

const aiCells = doors.flatMap((door) => [
  { door, at: door.title, type: 'http', end: 'mcp', revision: '2026-07-28' } as const,
  { door, at: door.title, type: 'sse', end: 'sse', revision: '2025-11-25' } as const,
]);

describe.each(aiCells)('[CLT-4] the AI SDK at $at over $type', ({ door, end, revision, type }) => {
  async function using<T>(slug: string, use: (client: MCPClient) => Promise<T>, more: Json = {}): Promise<T> {
    const transport = { type, url: urlOf(door, slug, end), headers: headers(), ...more };
    const client = await createMCPClient({ transport, capabilities: { elicitation: {} } });
    try {
      return await use(client);
    } finally {
      await client.close();
    }
  }

  it('makes tools of servers of both eras, and runs them', async () => {
    for (const [slug, name, input, text] of [
      ['everything', 'get-sum', { a: 1, b: 2 }, 'The sum of 1 and 2 is 3.'],
      ['young', 'add', { a: 1, b: 2 }, '3'],
    ] as const)
      await using(slug, async (client) => {
        expect(client.initializeResult.protocolVersion).toBe(revision);
        expect(client.serverInfo.name).toBe('gatehouse');
        const tools = await client.tools();
        const tool = tools[door.name(slug, name)];
        expect(textOf(await tool?.execute(input, { toolCallId: '1', messages: [], context: {} }))).toBe(text);
      });
  });

  it('reads resources and gets prompts', () =>
    using('young', async (client) => {
      const uri = door.uri('young', 'fixture://text');
      expect((await client.readResource({ uri })).contents).toMatchObject([{ uri, text: 'hello' }]);
      const name = door.name('young', 'with-args');
      const { messages } = await client.experimental_getPrompt({ name, arguments: { topic: 'gates' } });
      expect(messages).toMatchObject([{ content: { text: 'Write about gates.' } }]);
      await expect(client.callTool({ name: door.name('young', 'nothing') })).rejects.toThrow(/nothing/);
    }));

  it.each(talkers)('is asked for input by %s, twice within a call', (slug) =>
    using(slug, async (client) => {
      const questions: string[] = [];
      client.onElicitationRequest(ElicitationRequestSchema, ({ params }) => {
        questions.push(params.message);
        return elicited;
      });
      const result = await client.callTool({ name: door.name(slug, 'two-rounds') });
      expect(textOf(result)).toBe('{"name":"Ada"} {"name":"Ada"}');
      expect(questions).toEqual(['First?', 'Second?']);
    }),
  );

  it('finds the page of a tool where the tool says that it is', () =>
    using('talk-modern', async (client) => {
      const { tools } = await client.listTools();
      const tool = tools.find(({ name }) => name === door.name('talk-modern', 'echo'));
      const uri = String((tool?._meta?.['ui'] as Json | undefined)?.['resourceUri']);
      expect(uri).toMatch(/^ui:\/\//);
      expect((await client.readResource({ uri })).contents).toMatchObject([{ uri }]);
    }));

  it('is refused with a token that is none', async () => {
    const wrong = { headers: { authorization: 'Bearer gth_no.such.token' } };
    await expect(using('young', async (client) => client.tools(), wrong)).rejects.toThrow();
  });
});

describe.each(doors.flatMap((door) => (['http', 'sse'] as const).map((transport) => ({ door, at: door.title, transport }))))(
  '[CLT-5] LangChain at $at over $transport',
  ({ door, transport }) => {
    it('makes tools of servers of both eras, runs them, hears progress and reads resources', async () => {
      const end = transport === 'sse' ? 'sse' : 'mcp';
      const slugs = ['everything', 'young', ...talkers];
      const steps: unknown[] = [];
      const client = new MultiServerMCPClient({
        mcpServers: Object.fromEntries(
          slugs.map((slug) => [
            slug,
            { transport, url: urlOf(door, slug, end), headers: headers(), automaticSSEFallback: false },
          ]),
        ),
        onProgress: ({ progress }) => void steps.push(progress),
      });
      const run = async (slug: string, name: string, input: Json): Promise<unknown> => {
        const tool = (await client.getTools(slug)).find((one) => one.name === door.name(slug, name));
        return tool?.invoke(input);
      };
      expect(await run('everything', 'get-sum', { a: 1, b: 2 })).toBe('The sum of 1 and 2 is 3.');
      expect(await run('young', 'add', { a: 1, b: 2 })).toBe('3');
      const operation = { duration: 0.6, steps: 3 };
      expect(await run('everything', 'trigger-long-running-operation', operation)).toContain('completed');
      // The last one may be overtaken by the answer within the client.
      await eventually('progress is told', () => steps.length >= 2);
      expect(steps.slice(0, 2)).toEqual([1, 2]);
      for (const slug of talkers) expect(await run(slug, 'echo', {})).toBe('echo {}');
      await expect(run('young', 'fail', {})).rejects.toThrow('it failed, as asked');
      const uri = door.uri('young', 'fixture://text');
      expect(await client.readResource('young', uri)).toMatchObject([{ uri, text: 'hello' }]);
      await client.close();
    });
  },
);

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
    { title: 'the modern era, which it bridges itself', more: ['--transport', 'http-only', '--protocol', 'auto'], end: 'mcp' },
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
    const operation = { name: door.name('everything', 'trigger-long-running-operation'), arguments: { duration: 1, steps: 4 } };
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
