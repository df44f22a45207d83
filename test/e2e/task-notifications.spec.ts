import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUpstream, addUser, addVirtualServer, until } from '#testing';
import { openRequest, type StreamClient } from '../service/stream-client.js';
import { modernClient } from './bridge-client.js';
import { startMcpWorld, untilServed, type McpWorld } from './mcp-world.js';
import { TalkativeUpstream } from './talkative-upstream.js';

type Json = Record<string, unknown>;

const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
  'io.modelcontextprotocol/clientInfo': { name: 'listener', version: '1' },
};
const places = [
  { path: '/mcp', tool: 'young__job' },
  { path: '/servers/jobs/mcp', tool: 'job' },
] as const;

let world: McpWorld;
let young: TalkativeUpstream;
let serverId: string;

beforeAll(async () => {
  world = await startMcpWorld();
  young = await new TalkativeUpstream('modern').start();
  const upstreamId = await addUpstream(world.admin, 'young', young.url);
  serverId = await addVirtualServer(world.admin, 'jobs', upstreamId, ['job', 'echo']);
  for (const { path } of places) await untilServed(world.at(path), world.token);
}, 60_000);
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await young[Symbol.asyncDispose]();
});

const listen = (path: string, token: string, notifications: Json, id: string | number): Promise<StreamClient> => {
  const { port, pathname } = new URL(world.at(path));
  const method = 'subscriptions/listen';
  return openRequest(Number(port), {
    path: pathname,
    headers: { authorization: `Bearer ${token}`, 'mcp-protocol-version': '2026-07-28', 'mcp-method': method },
    body: { jsonrpc: '2.0', id, method, params: { notifications, _meta: meta } },
  });
};

async function begin(path: string, tool: string): Promise<{ id: string; own: string }> {
  const { error, result } = await modernClient(world.at(path), world.token).call(tool);
  if (typeof result?.['taskId'] !== 'string') throw new Error(JSON.stringify(error ?? result));
  return { id: result['taskId'], own: [...young.tasks.keys()].at(-1) ?? '' };
}

const askedForTasks = (): number =>
  young.seen.filter(({ params }) => (params['notifications'] as Json | undefined)?.['taskIds'] !== undefined).length;

describe.each(places)('tasks through $path', ({ path, tool }) => {
  it('[TSK-1] are told of to who listens, under the id that they know and with their own subscription', async () => {
    const { id, own } = await begin(path, tool);
    const streams = [
      await listen(path, world.token, { taskIds: [id] }, 7),
      await listen(path, world.token, { taskIds: [id], toolsListChanged: true }, '7'),
    ];
    for (const stream of streams)
      expect(await stream.message()).toMatchObject({
        method: 'notifications/subscriptions/acknowledged',
        params: { notifications: { taskIds: [id] } },
      });
    young.changeTask(own, 'working', { statusMessage: 'half' });
    young.changeTask(own, 'completed', { result: { content: [{ type: 'text', text: 'done' }] } });
    for (const [at, stream] of streams.entries()) {
      const _meta = { 'io.modelcontextprotocol/subscriptionId': at === 0 ? 7 : '7' };
      const method = 'notifications/tasks';
      const told = [await stream.message(), await stream.message()];
      expect(told).toMatchObject([
        { method, params: { taskId: id, status: 'working', statusMessage: 'half', _meta } },
        { method, params: { taskId: id, status: 'completed', result: { content: [{ text: 'done' }] }, _meta } },
      ]);
      expect(JSON.stringify(told)).not.toContain(own);
      stream.leave();
    }
    await until('the upstream is left', () => !young.subscriptions.has(own));
  });

  it('[TSK-2] of another user are unknown, and the upstream is not asked', async () => {
    const { id, own } = await begin(path, tool);
    const other = await addUser(world.admin, world.gatehouse.controlPlane, `other${path.length}`);
    await untilServed(world.at(path), other.token);
    const before = askedForTasks();
    const stream = await listen(path, other.token, { taskIds: [id, own], toolsListChanged: true }, 1);
    const { params } = await stream.message();
    expect((params as Json)['notifications']).toEqual({ toolsListChanged: true });
    young.changeTask(own, 'completed');
    // Whatever was to come has come when the owner hears of it.
    const mine = await begin(path, tool);
    const owner = await listen(path, world.token, { taskIds: [mine.id] }, 1);
    await owner.message();
    expect(askedForTasks() - before).toBe(1);
    young.changeTask(mine.own, 'completed', {}, true);
    await owner.message();
    expect(stream.events).toHaveLength(1);
    stream.leave();
    owner.leave();
  });
});

it('[TSK-2] a tool that is taken from the server takes its tasks from the stream, which goes on', async () => {
  const { id, own } = await begin('/servers/jobs/mcp', 'job');
  const stream = await listen('/servers/jobs/mcp', world.token, { taskIds: [id], toolsListChanged: true }, 1);
  await stream.message();
  const listed = await world.admin.send(
    'query ($id: ID!) { node(id: $id) { ... on VirtualServer { entries(first: 10) { edges { node { id exposedName } } } } } }',
    { id: serverId },
  );
  const { node: server } = listed.data as unknown as {
    node: { entries: { edges: { node: { id: string; exposedName: string } }[] } };
  };
  const ids = server.entries.edges.flatMap(({ node }) => (node.exposedName === 'job' ? [node.id] : []));
  await world.admin.mutate('removeVirtualServerEntries', 'RemoveVirtualServerEntriesInput', { ids }, 'deletedIds');
  expect(await stream.message()).toMatchObject({ method: 'notifications/tools/list_changed' });
  await until('the upstream is left', () => !young.subscriptions.has(own));
  young.changeTask(own, 'completed', {}, true);
  const again = await listen('/servers/jobs/mcp', world.token, { taskIds: [id] }, 2);
  expect(await again.message()).toMatchObject({ params: { notifications: {} } });
  expect(stream.events).toHaveLength(2);
  stream.leave();
  again.leave();
});
