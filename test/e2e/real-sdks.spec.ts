import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openV1, openV2, sdkClients, type Goal, type SdkClient } from './real-sdk-clients.js';
import { addEntries } from './mcp-world.js';
import { doors, eventually, startRealWorld, talkers, type RealWorld } from './real-world.js';

type Json = Record<string, unknown>;

let real: RealWorld;
const open: SdkClient[] = [];

beforeAll(async () => void (real = await startRealWorld()));
afterAll(async () => {
  await Promise.allSettled(open.map((client) => client.close()));
  await real?.[Symbol.asyncDispose]();
});

const goal = (path: string, more: Partial<Goal> = {}): Goal => ({
  url: real.world.at(path),
  token: real.world.token,
  ...more,
});

async function connected(connect: (goal: Goal) => Promise<SdkClient>, to: Goal): Promise<SdkClient> {
  const client = await connect(to);
  open.push(client);
  return client;
}

const textOf = (result: Json): unknown => (result['content'] as Json[])[0]?.['text'];
const told = ({ heard }: SdkClient, method: string) => heard.filter((one) => one.method === `notifications/${method}`);

const cells = sdkClients.flatMap(([sdk, connect]) =>
  doors.flatMap((door) => talkers.map((slug) => ({ sdk, connect, door, at: door.title, slug }))),
);

describe.each(cells)('[CLT-7] $sdk at $at, upstream $slug', ({ connect, door, slug }) => {
  const name = (original: string) => door.name(slug, original);
  let client: SdkClient;
  beforeAll(async () => void (client = await connected(connect, goal(door.path(slug)))));

  it('lists and calls', async () => {
    expect(client.server()).toMatchObject({ name: 'gatehouse' });
    const names = (await client.tools()).map((tool) => tool['name']);
    expect(names).toEqual(expect.arrayContaining([name('echo'), name('elicit')]));
    expect(textOf(await client.call(name('echo'), { n: 1 }))).toBe('echo {"n":1}');
    await expect(client.call(name('none'))).rejects.toMatchObject({ code: -32602 });
  });

  it('hears progress', async () => {
    const steps: number[] = [];
    expect(textOf(await client.call(name('progress'), {}, { onProgress: (step) => steps.push(step) }))).toBe('done');
    expect(steps).toEqual([1, 2, 3]);
  });

  it.each([
    ['sample', 'sampling/createMessage', 'sampled {"type":"text","text":"hello"}'],
    ['elicit', 'elicitation/create', 'elicited {"name":"Ada"}'],
    ['elicit-url', 'elicitation/create', 'opened accept'],
    ['roots', 'roots/list', 'roots [{"uri":"file:///work"}]'],
    ['two-rounds', 'elicitation/create', '{"name":"Ada"} {"name":"Ada"}'],
  ])('%s: is asked by its own handler, and its answer arrives', async (tool, method, text) => {
    const before = client.asked.length;
    expect(textOf(await client.call(name(tool)))).toBe(text);
    expect(new Set(client.asked.slice(before))).toEqual(new Set([method]));
  });

  it('hears log messages from a level on', async () => {
    expect(textOf(await client.call(name('log'), {}, { level: 'warning' }))).toBe('logged');
    await eventually('the message arrives', () => told(client, 'message').length > 0);
    expect(told(client, 'message').map(({ params }) => params?.['data'])).toEqual(['loud']);
  });

  it('completes an argument of a prompt and of a template', async () => {
    const argument = { name: 'who', value: 'A' };
    const completed = '{"name":"who","value":"A"}';
    expect(await client.complete({ type: 'ref/prompt', name: name('greet') }, argument)).toEqual([
      '{"type":"ref/prompt","name":"greet"}',
      completed,
    ]);
    expect(await client.complete({ type: 'ref/resource', uri: door.uri(slug, 'talk://{id}/data') }, argument)).toEqual([
      '{"type":"ref/resource","uri":"talk://{id}/data"}',
      completed,
    ]);
  });

  it('hears of a resource that it subscribed to', async () => {
    const uri = door.uri(slug, 'talk://watched');
    await client.listen([uri]);
    await eventually('it is told', () => {
      real.talking[slug].update();
      return told(client, 'resources/updated').length > 0;
    });
    expect(told(client, 'resources/updated')[0]?.params).toMatchObject({ uri });
  });
});

describe('[CLT-8] a changed catalogue', () => {
  it.each(sdkClients)('is told to %s where its list changed, and only there', async (sdk, connect) => {
    const slug = 'talk-legacy';
    const { admin } = real.world;
    const [aggregate, composed] = await Promise.all(
      doors.map(async (door) => connected(connect, goal(door.path(slug)))),
    );
    if (!aggregate || !composed) throw new Error('two endpoints');
    await Promise.all([aggregate.listen([]), composed.listen([])]);
    const extra = `extra-${sdk.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
    await eventually('the upstream is listened to', () => real.talking[slug].streams > 0);
    real.talking[slug].addTool(extra);
    await eventually('the aggregate is told', () => told(aggregate, 'tools/list_changed').length > 0);
    await eventually('it finds the tool', async () =>
      (await aggregate.tools()).some((tool) => tool['name'] === `${slug}__${extra}`),
    );
    expect(told(composed, 'tools/list_changed')).toEqual([]);
    const { upstream = '', server = '' } = real.ids.get(slug) ?? {};
    const listed = await admin.send(
      'query ($id: ID!) { tools(upstreamId: $id, first: 100) { edges { node { id name } } } }',
      { id: upstream },
    );
    const { edges } = (listed.data as unknown as { tools: { edges: { node: { id: string; name: string } }[] } }).tools;
    await addEntries(admin, server, [{ toolId: edges.find(({ node }) => node.name === extra)?.node.id }]);
    await eventually('the virtual server is told', () => told(composed, 'tools/list_changed').length > 0);
    expect((await composed.tools()).map((tool) => tool['name'])).toContain(extra);
    expect(textOf(await composed.call(extra, { n: 2 }))).toBe(`${extra} {"n":2}`);
  });
});

describe('[CLT-9] a stream that breaks', () => {
  /** Breaks the next event stream of a POST after what came first, and tells how the client came back. */
  function breaking() {
    const state = { armed: false, broken: 0, cameBack: [] as (string | null)[] };
    const send = async (url: string | URL, init?: RequestInit): Promise<Response> => {
      const response = await fetch(url, init);
      const lastEventId = new Headers(init?.headers).get('last-event-id');
      if (init?.method === 'GET' && lastEventId !== null) state.cameBack.push(lastEventId);
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
      if (!state.armed || init?.method !== 'POST' || !isStream || !response.body) return response;
      state.armed = false;
      const reader = response.body.getReader();
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (state.broken++ > 0) {
            await reader.cancel();
            controller.error(new Error('the network is gone'));
            return;
          }
          const { value } = await reader.read();
          if (value) controller.enqueue(value);
        },
      });
      return new Response(body, { status: response.status, headers: response.headers });
    };
    return { state, send };
  }

  const resuming = doors.flatMap((door) =>
    talkers.flatMap((slug) => [
      { sdk: 'SDK v1', connect: openV1, door, at: door.title, slug },
      { sdk: 'SDK v2', connect: openV2('legacy'), door, at: door.title, slug },
    ]),
  );

  it.each(resuming)('$sdk resumes a call at $at to $slug by Last-Event-ID', async ({ connect, door, slug }) => {
    const { state, send } = breaking();
    const client = await connected(connect, goal(door.path(slug), { fetch: send }));
    state.armed = true;
    expect(textOf(await client.call(door.name(slug, 'elicit')))).toBe('elicited {"name":"Ada"}');
    expect(state.broken).toBeGreaterThan(0);
    expect(state.cameBack.length).toBeGreaterThan(0);
    expect(client.asked).toEqual(['elicitation/create']);
  });
});
