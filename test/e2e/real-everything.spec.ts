import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUpstream } from '#testing';
import { compose, entriesOf, startEverythingServer, startMcpWorld, untilServed, type McpWorld } from './mcp-world.js';
import { doors, eventually } from './real-world.js';

// The reference server with the reference client, with Gatehouse between them and without.

type Json = Record<string, unknown>;

const slug = 'everything';
const watched = 'demo://resource/dynamic/text/1';
let world: McpWorld;
let everything: Awaited<ReturnType<typeof startEverythingServer>>;
const clients: Client[] = [];

beforeAll(async () => {
  [world, everything] = await Promise.all([startMcpWorld(), startEverythingServer()]);
  const upstream = await addUpstream(world.admin, slug, everything.url);
  await compose(world.admin, slug, await entriesOf(world.admin, upstream));
  await untilServed(world.at(`/servers/${slug}/mcp`), world.token);
});
afterAll(async () => {
  await Promise.allSettled(clients.map((client) => client.close()));
  await world?.[Symbol.asyncDispose]();
  await everything?.stop();
});

/** A client that answers everything, and what it was asked and told. */
async function connect(url: string, token: string | null) {
  const asked: string[] = [];
  const updated: string[] = [];
  const client = new Client(
    { name: 'v1', version: '1' },
    { capabilities: { sampling: {}, elicitation: {}, roots: { listChanged: true } } },
  );
  client.setRequestHandler(CreateMessageRequestSchema, ({ method }) => {
    asked.push(method);
    return { role: 'assistant' as const, content: { type: 'text' as const, text: 'sampled here' }, model: 'm' };
  });
  client.setRequestHandler(ElicitRequestSchema, ({ method }) => {
    asked.push(method);
    return { action: 'accept' as const, content: { name: 'Zoë' } };
  });
  client.setRequestHandler(ListRootsRequestSchema, ({ method }) => {
    asked.push(method);
    return { roots: [{ uri: 'file:///somewhere', name: 'Some root' }] };
  });
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void updated.push(params.uri));
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  clients.push(client);
  return { client, asked, updated };
}

const direct = { title: 'nothing between', path: null, name: (one: string) => one, uri: (one: string) => one };
const ways = [
  direct,
  ...doors.map((door) => ({
    title: door.title,
    path: door.path(slug),
    name: (one: string) => door.name(slug, one),
    uri: (one: string) => door.uri(slug, one),
  })),
  { ...direct, title: 'a pass-through', path: `/upstreams/${slug}/mcp` },
];

const reach = (path: string | null) =>
  path === null ? connect(everything.url, null) : connect(world.at(path), world.token);

const textOf = (result: unknown): unknown => ((result as Json)['content'] as Json[])[0]?.['text'];

describe.each(ways)('[CLT-10] the reference server with $title', ({ path, name, uri }) => {
  let open: Awaited<ReturnType<typeof connect>>;
  beforeAll(async () => void (open = await reach(path)));

  it('tells progress while it works', async () => {
    const steps: Json[] = [];
    const operation = { name: name('trigger-long-running-operation'), arguments: { duration: 0.6, steps: 3 } };
    const onprogress = (step: object) => void steps.push({ ...step });
    expect(textOf(await open.client.callTool(operation, undefined, { onprogress }))).toContain('completed');
    expect(steps).toMatchObject([1, 2, 3].map((progress) => ({ progress, total: 3 })));
  });

  it('completes arguments, one by what was chosen for another', async () => {
    const ref = { type: 'ref/prompt' as const, name: name('completable-prompt') };
    const department = await open.client.complete({ ref, argument: { name: 'department', value: 'S' } });
    expect(department.completion.values).toEqual(['Sales', 'Support']);
    const context = { arguments: { department: 'Support' } };
    const person = await open.client.complete({ ref, argument: { name: 'name', value: 'K' }, context });
    expect(person.completion.values).toEqual(['Kim']);
    const template = { type: 'ref/resource' as const, uri: uri('demo://resource/dynamic/text/{resourceId}') };
    const { completion } = await open.client.complete({ ref: template, argument: { name: 'resourceId', value: '7' } });
    expect(completion.values).toEqual(['7']);
  });

  it('links to resources that can be read there', async () => {
    const { content } = (await open.client.callTool({ name: name('get-resource-links'), arguments: { count: 3 } })) as {
      content: { type: string; uri: string }[];
    };
    const links = content.filter(({ type }) => type === 'resource_link');
    expect(links).toHaveLength(3);
    for (const link of links) {
      const { contents } = await open.client.readResource({ uri: link.uri });
      expect(contents).toMatchObject([{ uri: link.uri }]);
    }
    const found = await open.client.callTool({
      name: name('get-resource-reference'),
      arguments: { resourceType: 'Text', resourceId: 2 },
    });
    const embedded = (found.content as Json[]).find(({ type }) => type === 'resource')?.['resource'] as Json;
    expect(embedded['uri']).toBe(uri('demo://resource/dynamic/text/2'));
    const prompt = { name: name('resource-prompt'), arguments: { resourceType: 'Text', resourceId: '2' } };
    const { messages } = await open.client.getPrompt(prompt);
    expect(JSON.stringify(messages)).toContain(`"uri":"${uri('demo://resource/dynamic/text/2')}"`);
  });

  it('tells of a resource that was subscribed to', async () => {
    await open.client.subscribeResource({ uri: uri(watched) });
    await open.client.callTool({ name: name('toggle-subscriber-updates'), arguments: {} });
    await eventually('it is told', () => open.updated.length > 0);
    expect(open.updated).toContain(uri(watched));
    await open.client.callTool({ name: name('toggle-subscriber-updates'), arguments: {} });
    await open.client.unsubscribeResource({ uri: uri(watched) });
  });
});

// It offers the tools that ask to clients that can be asked only, so no catalogue has them.
describe.each(ways.filter((way) => !doors.some(({ title }) => title === way.title)))(
  '[CLT-10] the reference server with $title',
  ({ path }) => {
    let open: Awaited<ReturnType<typeof connect>>;
    beforeAll(async () => void (open = await reach(path)));

    it('asks for samples, input and roots', async () => {
      const listed = async () => (await open.client.listTools()).tools.map((tool) => tool.name);
      await eventually('the tools are offered', async () => (await listed()).includes('trigger-elicitation-request'));
      const sampling = { name: 'trigger-sampling-request', arguments: { prompt: 'hi' } };
      expect(textOf(await open.client.callTool(sampling))).toContain('sampled here');
      const elicitation = { name: 'trigger-elicitation-request', arguments: {} };
      expect(JSON.stringify(await open.client.callTool(elicitation))).toContain('Zoë');
      await eventually('roots are asked for', () => open.asked.includes('roots/list'));
      expect(textOf(await open.client.callTool({ name: 'get-roots-list', arguments: {} }))).toContain(
        'file:///somewhere',
      );
      expect(new Set(open.asked)).toEqual(new Set(['sampling/createMessage', 'elicitation/create', 'roots/list']));
    });
  },
);
