import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUpstream, addUser, addVirtualServer, until } from '#testing';
import { modernClient, openLegacyClient, type BridgeClient } from './bridge-client.js';
import { startMcpWorld, untilServed, type McpWorld } from './mcp-world.js';
import { TalkativeUpstream } from './talkative-upstream.js';

// What the bridge matrix says of tasks, beyond what all of its cells have.

type Json = Record<string, unknown>;

const eras = ['legacy', 'modern'] as const;
let world: McpWorld;
const upstreams = {} as Record<(typeof eras)[number], TalkativeUpstream>;

beforeAll(async () => {
  world = await startMcpWorld();
  for (const era of eras) {
    upstreams[era] = await new TalkativeUpstream(era).start();
    const id = await addUpstream(world.admin, era, upstreams[era].url);
    if (era === 'legacy') await addVirtualServer(world.admin, 'jobs', id, ['job', 'log']);
  }
  await untilServed(world.at('/servers/jobs/mcp'), world.token);
  await until('both are served', async () => {
    const { result } = await modernClient(world.at('/mcp'), world.token).request('tools/list');
    const names = JSON.stringify(result?.['tools'] ?? []);
    return names.includes('legacy__job') && names.includes('modern__job');
  });
}, 60_000);
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  for (const era of eras) await upstreams[era][Symbol.asyncDispose]();
});

describe('[RLY-10] tasks of the extension', () => {
  it.each(['/mcp', '/upstreams/modern/mcp'])(
    'are not updated by a legacy client that did not declare it (%s)',
    async (path) => {
      const able = await openLegacyClient(world.at(path), world.token);
      const { result } = await able.call(path === '/mcp' ? 'modern__job' : 'job');
      const { taskId } = result ?? {};
      const client = await openLegacyClient(world.at(path), world.token, { elicitation: {} });
      const before = upstreams.modern.seen.length;
      const { error } = await client.request('tasks/update', { taskId, inputResponses: {} });
      expect(error).toMatchObject({ code: -32601 });
      expect(upstreams.modern.seen.slice(before).map(({ method }) => method)).not.toContain('tasks/update');
      for (const one of [able, client]) await one.close();
    },
  );
});

describe('[RLY-10] tasks of others', () => {
  it('are unknown', async () => {
    const client = await openLegacyClient(world.at('/mcp'), world.token);
    const { result } = await client.call('legacy__job', {}, { params: { task: { ttl: 1000 } } });
    const { taskId } = (result ?? {})['task'] as Json;
    const other = await addUser(world.admin, world.gatehouse.controlPlane, 'other');
    await untilServed(world.at('/mcp'), other.token);
    const theirs = await openLegacyClient(world.at('/mcp'), other.token);
    expect((await theirs.request('tasks/get', { taskId })).error).toMatchObject({ code: -32602 });
  });
});

describe.each([
  ['the aggregate', '/mcp', 'legacy__'],
  ['a virtual server', '/servers/jobs/mcp', ''],
  ['a pass-through', '/upstreams/legacy/mcp', ''],
])('[RLY-24] a legacy client hears the status of its tasks through %s', (_place, path, prefix) => {
  const isPassThrough = path.startsWith('/upstreams');
  const begin = async (client: BridgeClient, told?: string) => {
    const made = new Set(upstreams.legacy.tasks.keys());
    const args = told === undefined ? {} : { told };
    const { heard, result } = await client.call(`${prefix}job`, args, { params: { task: { ttl: 1000 } } });
    const own = [...upstreams.legacy.tasks.keys()].find((id) => !made.has(id)) ?? '';
    const { taskId } = (result ?? {})['task'] as { taskId: string };
    expect(taskId === own).toBe(isPassThrough);
    return { heard, own, taskId };
  };
  const statusesOf = ({ unsolicited }: BridgeClient) =>
    unsolicited.filter(({ method }) => method === 'notifications/tasks/status').map(({ params }) => params as Json);

  it('on the stream of the call, under the id that the answer brings', async () => {
    const client = await openLegacyClient(world.at(path), world.token);
    const { heard, taskId } = await begin(client, 'begun');
    expect(heard).toEqual([
      {
        jsonrpc: '2.0',
        method: 'notifications/tasks/status',
        params: {
          ...{ taskId, status: 'working', statusMessage: 'begun' },
          ...{ createdAt: 'now', lastUpdatedAt: 'now', ttl: 1000 },
        },
      },
    ]);
    expect((await client.request('tasks/get', { taskId })).result).toMatchObject({ taskId, status: 'working' });
    await client.close();
  });

  it('on the stream of the session, and those of others only where nothing is kept from it', async () => {
    const client = await openLegacyClient(world.at(path), world.token);
    const stranger = await openLegacyClient(world.at(path), world.token);
    const before = upstreams.legacy.streams;
    for (const one of [client, stranger]) {
      await one.listen([]);
      await one.call(`${prefix}log`);
    }
    await until('the upstream is listened to for both', () => upstreams.legacy.streams >= before + 2);
    const [mine, theirs] = [await begin(client), await begin(stranger)];
    upstreams.legacy.changeCoreTask(theirs.own, 'completed');
    upstreams.legacy.changeCoreTask(mine.own, 'working', { statusMessage: 'half', vendor: { n: 1 } });
    upstreams.legacy.changeCoreTask(mine.own, 'completed', { statusMessage: 'done' });
    const about = ({ taskId }: { taskId: string }) => ({ taskId, createdAt: 'now', lastUpdatedAt: 'now', ttl: 1000 });
    const all = [
      { ...about(theirs), status: 'completed' },
      { ...about(mine), status: 'working', statusMessage: 'half', vendor: { n: 1 } },
      { ...about(mine), status: 'completed', statusMessage: 'done' },
    ];
    // This upstream says everything to everybody.
    const heard = isPassThrough ? all : all.filter(({ taskId }) => taskId === mine.taskId);
    await until('the client hears of the last', () => statusesOf(client).length >= heard.length);
    expect(statusesOf(client)).toEqual(heard);
    await until('the other one, too', () => statusesOf(stranger).length >= all.length - (isPassThrough ? 0 : 2));
    expect(statusesOf(stranger)).toEqual(isPassThrough ? all : all.filter(({ taskId }) => taskId === theirs.taskId));
    for (const one of [client, stranger]) await one.close();
  });
});
