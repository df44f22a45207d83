import { createMCPClient, ElicitationRequestSchema, type MCPClient } from '@ai-sdk/mcp';
import { MultiServerMCPClient } from '@langchain/mcp-adapters';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doors, eventually, startRealWorld, talkers, type Door, type RealWorld } from './real-world.js';

// Clients that are not ours and not the SDKs alone: each lists and calls what it can, through both kinds of endpoints.

type Json = Record<string, unknown>;

let real: RealWorld;

beforeAll(async () => {
  real = await startRealWorld({ GATEHOUSE_MCP_HTTP_SSE: 'true' });
});
afterAll(async () => {
  await real?.[Symbol.asyncDispose]();
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

describe.each(
  doors.flatMap((door) => (['http', 'sse'] as const).map((transport) => ({ door, at: door.title, transport }))),
)('[CLT-5] LangChain at $at over $transport', ({ door, transport }) => {
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
});
