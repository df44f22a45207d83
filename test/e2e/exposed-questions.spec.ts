import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUpstream } from '#testing';
import { modernClient, openLegacyClient, type Answerer, type BridgeClient } from './bridge-client.js';
import { compose, entriesOf, startMcpWorld, untilServed, type McpWorld } from './mcp-world.js';
import { watchedUri } from './talkative-tools.js';
import { TalkativeUpstream } from './talkative-upstream.js';

type Json = Record<string, unknown>;

const eras = ['legacy', 'modern'] as const;
const places = ['/mcp', '/servers/all/mcp', 'pass-through'] as const;
const cells = places.flatMap((place) => eras.flatMap((client) => eras.map((slug) => ({ place, client, slug }))));
const relatedTask = 'io.modelcontextprotocol/related-task';
const unknownUri = 'talk://nowhere';
const able = { sampling: { tools: {} }, elicitation: {}, extensions: { 'io.modelcontextprotocol/tasks': {} } };

let world: McpWorld;
const upstreams = {} as Record<(typeof eras)[number], TalkativeUpstream>;

beforeAll(async () => {
  world = await startMcpWorld();
  const entries: Json[] = [];
  for (const era of eras) {
    upstreams[era] = await new TalkativeUpstream(era).start();
    upstreams[era].extraTools.push('ask');
    entries.push(...(await entriesOf(world.admin, await addUpstream(world.admin, era, upstreams[era].url))));
  }
  await compose(world.admin, 'all', entries, { prefixNames: true });
  for (const path of ['/mcp', '/servers/all/mcp', '/upstreams/modern/mcp'])
    await untilServed(world.at(path), world.token);
}, 60_000);
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  for (const era of eras) await upstreams[era][Symbol.asyncDispose]();
});

const metaOf = (taskId: string) => ({ [relatedTask]: { taskId } });
const taskOf = (params: Json): string => ((params['_meta'] as Json)[relatedTask] as { taskId: string }).taskId;
const asNamed = (uri: string): string => uri;
const contentOf = (uriOf: (uri: string) => string): Json[] => [
  // Text is no URI, whatever it says.
  { type: 'text', text: watchedUri },
  { type: 'resource_link', uri: uriOf(watchedUri), name: 'a' },
  { type: 'resource_link', uri: uriOf(unknownUri), name: 'b' },
  { type: 'resource', resource: { uri: uriOf(watchedUri), text: watchedUri } },
];
const sampling = (taskId: string, uriOf = asNamed) => ({
  messages: [
    { role: 'user', content: [{ type: 'tool_result', toolUseId: 'u', content: contentOf(uriOf) }] },
    { role: 'user', content: { type: 'text', text: watchedUri } },
  ],
  maxTokens: 5,
  _meta: metaOf(taskId),
});

/** A client that sends back what it was asked about, as it knows it. */
const echoes: Answerer = (method, params) => {
  const _meta = metaOf(taskOf(params));
  if (method === 'elicitation/create') {
    const content = { type: 'resource_link', uri: `gatehouse:legacy:${watchedUri}` };
    return { action: 'accept', content, _meta };
  }
  const [first] = params['messages'] as { content: Json[] }[];
  return { role: 'assistant', model: 'm', content: first?.content, _meta };
};

describe.each(cells)('$client client, $slug upstream, $place', ({ place, client: era, slug }) => {
  const isPassThrough = place === 'pass-through';
  const upstream = () => upstreams[slug];
  const named = (name: string) => (isPassThrough ? name : `${slug}__${name}`);
  const shown = (uri: string) => {
    // A virtual server shows under its prefix what can be read there.
    const isPlain = isPassThrough || (place !== '/mcp' && uri === unknownUri);
    return isPlain ? uri : `gatehouse:${slug}:${uri}`;
  };
  const open = async (): Promise<BridgeClient> => {
    const url = world.at(isPassThrough ? `/upstreams/${slug}/mcp` : place);
    return era === 'legacy'
      ? openLegacyClient(url, world.token, able, echoes)
      : modernClient(url, world.token, able, echoes);
  };
  const ask = async (client: BridgeClient, method: string, params: Json) => {
    const { asked, error, result } = await client.call(named('ask'), { method, params });
    expect(error).toBeUndefined();
    const [said] = (result?.['content'] ?? []) as { text: string }[];
    return { question: asked[0]?.params ?? {}, answer: JSON.parse(said?.text ?? 'null') as Json };
  };

  it('[EXP-1] [EXP-2] [EXP-3] sampling names resources and its task as the client knows them, the answer as the upstream does', async () => {
    const client = await open();
    const { answer, question } = await ask(client, 'sampling/createMessage', sampling('task-1'));
    const seen = taskOf(question);
    if (isPassThrough) expect(seen).toBe('task-1');
    else expect(seen).not.toContain('task-1');
    expect(question).toEqual(sampling(seen, shown));
    const { content } = sampling('task-1').messages[0] ?? {};
    expect(answer).toEqual({ role: 'assistant', model: 'm', content, _meta: metaOf('task-1') });
    await client.close();
  });

  it('[EXP-3] a form that a user has filled in is nobody’s but theirs', async () => {
    const client = await open();
    const params = { message: 'Which?', requestedSchema: { type: 'object' }, _meta: metaOf('task-2') };
    const { answer, question } = await ask(client, 'elicitation/create', params);
    expect(taskOf(question) === 'task-2').toBe(isPassThrough);
    expect(answer).toEqual({
      action: 'accept',
      content: { type: 'resource_link', uri: `gatehouse:legacy:${watchedUri}` },
      _meta: metaOf('task-2'),
    });
    await client.close();
  });

  if (era === 'legacy' && slug === 'legacy')
    it('[EXP-1] a question about a task of an earlier call has the id that the client was given then', async () => {
      const client = await open();
      const { result } = await client.call(named('job'), {}, { params: { task: {} } });
      const { taskId } = (result?.['task'] ?? {}) as { taskId?: string };
      const own = [...upstream().tasks.keys()].at(-1) ?? '';
      const params = { message: 'Go on?', requestedSchema: { type: 'object' }, _meta: metaOf(own) };
      const { answer, question } = await ask(client, 'elicitation/create', params);
      expect(taskOf(question)).toBe(taskId);
      expect(taskOf(answer)).toBe(own);
      await client.close();
    });

  if (era === 'modern' && slug === 'modern')
    it('[EXP-3] answers for a task of the extension name what the upstream names', async () => {
      const client = await open();
      const { result } = await client.call(named('job'));
      const inputResponses = { q: echoes('sampling/createMessage', sampling('task-3', shown)) };
      const { error } = await client.request('tasks/update', { taskId: result?.['taskId'], inputResponses });
      expect(error).toBeUndefined();
      const { params } = upstream().seen.findLast(({ method }) => method === 'tasks/update') ?? {};
      expect(params?.['inputResponses']).toEqual({ q: echoes('sampling/createMessage', sampling('task-3')) });
      await client.close();
    });
});
