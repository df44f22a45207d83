import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  eventData,
  eventStream,
  fixtureCatalogue,
  startFixtureServer,
  startScriptedServer,
  textTool,
  type FixtureCatalogue,
  type FixtureServer,
} from '#testing';
import { createWorkerBench, firstTry, type WorkerBench } from './worker-container.js';

type Json = Record<string, unknown>;

let bench: WorkerBench;
let worker: Awaited<ReturnType<WorkerBench['processors']>>;

beforeAll(async () => {
  bench = await createWorkerBench(inject('pgUrl'));
  worker = await bench.processors();
});
afterAll(() => bench[Symbol.asyncDispose]());

async function sync(upstreamId: string): Promise<Json & { result: Json }> {
  const operationId = await bench.addOperation(upstreamId, 'SYNC');
  await worker.run['sync-catalog']({ organizationId: bench.organizationId, upstreamId, operationId }, firstTry());
  const row = await bench.one('select state, result from upstream_operations where id = $1', [operationId]);
  return { ...row, result: JSON.parse(String(row['result'])) as Json };
}
const requirementsOf = async (table: string, upstreamId: string): Promise<Json> => {
  const rows = await bench.sql.query<{ name: string; requires: string }>(
    `select name, required_client_capabilities as requires from ${table}
     where upstream_id = $1 and required_client_capabilities <> '[]' order by name`,
    [upstreamId],
  );
  return Object.fromEntries(rows.map(({ name, requires }) => [name, JSON.parse(requires)]));
};
const has = (name: string) => (capabilities: Json) => name in capabilities;
const askingTool = (name: string, needs: (capabilities: Json) => boolean) => ({
  ...textTool(name, 'Asks its client.', () => ''),
  needs,
});

/** The usual catalogue, and something of every kind that only some clients are offered. */
function asking(): FixtureCatalogue {
  const catalogue = fixtureCatalogue();
  catalogue.tools.push(
    askingTool('think', has('sampling')),
    askingTool('ask', has('elicitation')),
    askingTool('both', (capabilities) => has('sampling')(capabilities) && has('roots')(capabilities)),
  );
  catalogue.prompts.push({ definition: { name: 'tour' }, needs: has('roots'), get: () => ({ messages: [] }) });
  catalogue.resources.push({
    definition: { uri: 'fixture://page', name: 'page' },
    contents: { uri: 'fixture://page', text: 'a page' },
    needs: ({ elicitation }) => elicitation !== undefined && 'url' in (elicitation as Json),
  });
  catalogue.resourceTemplates?.push({
    definition: { uriTemplate: 'fixture://thought/{id}', name: 'thought' },
    read: () => null,
    needs: has('sampling'),
  });
  return catalogue;
}

/** What each reading of the tools was done as. */
function readings({ requests }: FixtureServer, era: 'legacy' | 'modern'): string[] {
  const bodies = requests.map(({ body }) => body as { method?: string; params?: Json } | undefined);
  const said = bodies.filter((body) => body?.method === (era === 'legacy' ? 'initialize' : 'tools/list'));
  return said.map((body) => {
    const meta = body?.params?.['_meta'] as Json | undefined;
    const declared = meta?.['io.modelcontextprotocol/clientCapabilities'] ?? body?.params?.['capabilities'];
    return JSON.stringify(declared);
  });
}

describe.each([
  { era: 'legacy', sessions: true },
  { era: 'legacy', sessions: true, sse: true },
  { era: 'modern' },
  { era: 'modern', sse: true },
] as const)('what an upstream of %j offers to some clients only', (options) => {
  const roots = options.era === 'legacy' ? { listChanged: true } : {};
  const all = { sampling: { context: {}, tools: {} }, elicitation: { form: {}, url: {} }, roots };

  it('is stored with what it needs, and gone when the upstream stops offering it [ASK-1]', async () => {
    await using server = await startFixtureServer({ ...options, catalogue: asking() });
    const id = await bench.addUpstream({ url: server.url });
    expect(await sync(id)).toMatchObject({
      state: 'SUCCEEDED',
      result: {
        tools: { added: 11 },
        prompts: { added: 3 },
        resources: { added: 3 },
        resourceTemplates: { added: 2 },
        warnings: [],
      },
    });
    expect(await requirementsOf('tools', id)).toEqual({
      think: [['SAMPLING']],
      ask: [['ELICITATION_FORM'], ['ELICITATION_URL']],
      both: [['SAMPLING', 'ELICITATION_FORM', 'ELICITATION_URL', 'ROOTS']],
    });
    expect(await requirementsOf('prompts', id)).toEqual({ tour: [['ROOTS']] });
    expect(await requirementsOf('resources', id)).toEqual({ page: [['ELICITATION_URL']] });
    expect(await requirementsOf('resource_templates', id)).toEqual({ thought: [['SAMPLING']] });
    expect(readings(server, options.era)).toEqual(
      [{}, all, { sampling: all.sampling }, { elicitation: { form: {} } }, { elicitation: { url: {} } }, { roots }].map(
        (one) => JSON.stringify(one),
      ),
    );
    expect(server.sessions.size).toBe(0);

    const unchanged = await bench.revision();
    await sync(id);
    expect(await bench.revision()).toBe(unchanged);
    server.catalogue.tools = server.catalogue.tools.flatMap((tool) => {
      if (tool.definition['name'] === 'both') return [];
      return tool.definition['name'] === 'think' ? [{ ...tool, needs: () => true }] : [tool];
    });
    expect((await sync(id)).result).toMatchObject({ tools: { changed: 1, removed: 1, unchanged: 9 } });
    expect(await requirementsOf('tools', id)).toEqual({ ask: [['ELICITATION_FORM'], ['ELICITATION_URL']] });
  });

  it('costs one more reading where there is no such thing [ASK-1]', async () => {
    await using server = await startFixtureServer(options);
    const id = await bench.addUpstream({ url: server.url });
    await sync(id);
    expect(readings(server, options.era)).toEqual([JSON.stringify({}), JSON.stringify(all)]);
    expect(await requirementsOf('tools', id)).toEqual({});
  });

  it('stays as it was known while it cannot be read, and the rest is read anew [ASK-2]', async () => {
    const catalogue = asking();
    await using server = await startFixtureServer({ ...options, catalogue });
    const id = await bench.addUpstream({ url: server.url });
    await sync(id);
    const before = await requirementsOf('tools', id);
    let isBroken = true;
    const broken = askingTool('broken', (capabilities) => {
      if (isBroken && 'roots' in capabilities) throw new Error('the fixture breaks the connection');
      return 'roots' in capabilities;
    });
    server.catalogue.tools = [broken, ...server.catalogue.tools, textTool('newcomer', 'Is new.', () => '')];
    const { state, result } = await sync(id);
    expect(state).toBe('SUCCEEDED');
    expect(result).toMatchObject({ tools: { added: 1, changed: 0, removed: 0, unchanged: 11 } });
    expect(result['warnings']).toEqual([
      expect.stringMatching(/^What only clients that can be asked something are offered is not known anew: Upstream "/),
    ]);
    expect(await requirementsOf('tools', id)).toEqual(before);
    expect(await bench.one('select health, health_code from upstreams where id = $1', [id])).toEqual({
      health: 'HEALTHY',
      health_code: null,
    });
    isBroken = false;
    await sync(id);
    expect(await requirementsOf('tools', id)).toEqual({ ...before, broken: [['ROOTS']] });
  });
});

describe('a legacy upstream that asks while its catalogue is read', () => {
  const tools = (asked: boolean) => [{ name: asked ? 'asked' : 'plain', inputSchema: { type: 'object' } }];

  it.each([
    ['roots/list', { result: { roots: [] } }],
    ['elicitation/create', { result: { action: 'decline' } }],
    ['sampling/createMessage', { error: { code: -1 } }],
    ['unknown/method', { error: { code: -32601 } }],
  ])('%s is declined at once, wherever it asks [ASK-6]', async (method, expected) => {
    const answers: Json[] = [];
    let capabilities: unknown;
    let waiting: (() => void) | null = null;
    await using server = await startScriptedServer(({ message, request, response }) => {
      const json = (body: object) =>
        response
          .writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'one' })
          .end(JSON.stringify({ jsonrpc: '2.0', id: message['id'], ...body }));
      if (message['method'] === 'server/discover') return void response.writeHead(404).end();
      if (message['method'] === 'initialize') {
        capabilities = (message['params'] as Json)['capabilities'];
        const serverInfo = { name: 'curious', version: '1' };
        return void json({ result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo } });
      }
      if (message['method'] === 'tools/list') {
        if (JSON.stringify(capabilities) === '{}') return void json({ result: { tools: tools(false) } });
        // Nothing is listed before both questions have been answered: on the stream of the call, and on the GET stream.
        const stream = eventStream(response, eventData({ id: 'on-call', method, params: {} }));
        waiting = () =>
          void stream.end(eventData({ id: message['id'], result: { tools: [...tools(false), ...tools(true)] } }));
        return undefined;
      }
      if (request.method === 'GET')
        return void eventStream(response, eventData({ id: 'on-stream', method, params: {} }));
      if ('method' in message) return void response.writeHead(202).end();
      response.writeHead(202).end();
      answers.push(message);
      if (new Set(answers.map(({ id }) => id)).size === 2) {
        answers.length = 0;
        waiting?.();
      }
      return undefined;
    }, 'none');
    const id = await bench.addUpstream({ url: server.url });
    expect(await sync(id)).toMatchObject({ state: 'SUCCEEDED', result: { tools: { added: 2 }, warnings: [] } });
    const asked = server.received.filter(({ message }) => 'result' in message || 'error' in message);
    expect(asked.length).toBeGreaterThanOrEqual(4);
    for (const { message } of asked) expect(message).toMatchObject(expected);
  });
});
