import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  addUpstream,
  addUser,
  createTestDatabase,
  signUpAdmin,
  startSplit,
  until,
  type ControlPlaneClient,
  type SplitGatehouse,
  type TestDatabase,
} from '#testing';
import { openRequest, type StreamClient } from '../service/stream-client.js';
import { openLegacyClient } from './bridge-client.js';
import { addEntries, compose, entriesOf, untilServed } from './mcp-world.js';
import { TalkativeUpstream } from './talkative-upstream.js';

type Json = Record<string, unknown>;

let database: TestDatabase;
let split: SplitGatehouse;
let admin: ControlPlaneClient;
let token: string;

beforeAll(async () => {
  database = await createTestDatabase(inject('pgUrl'), { empty: true });
  split = await startSplit(database.url, 2, { GATEHOUSE_WORKER_HEALTH_INTERVAL: '1h' });
  ({ admin, token } = await signUpAdmin(split.control));
});
afterAll(async () => {
  await split?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

/** Opens the GET stream of a new legacy session. */
async function hearLegacy(gateway: string, path: string, by: string): Promise<StreamClient> {
  const { headers } = await openLegacyClient(gateway + path, by);
  const port = Number(new URL(gateway).port);
  return openRequest(port, { method: 'GET', path, headers: { ...headers, accept: 'text/event-stream' } });
}

/** Opens a listen stream for every kind of list. */
async function hearModern(gateway: string, path: string, by: string): Promise<StreamClient> {
  const version = '2026-07-28';
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' },
  };
  const notifications = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };
  const stream = await openRequest(Number(new URL(gateway).port), {
    path,
    headers: {
      authorization: `Bearer ${by}`,
      'mcp-protocol-version': version,
      'mcp-method': 'subscriptions/listen',
    },
    body: { jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params: { notifications, _meta } },
  });
  expect(await stream.message()).toMatchObject({ params: { notifications } });
  return stream;
}

/** The lists that a stream was told of, in their order. */
const toldOf = ({ events }: StreamClient): string[] =>
  events.flatMap(({ data }) => {
    const method = data ? String((JSON.parse(data) as Json)['method']) : '';
    return method.endsWith('/list_changed') ? [method.split('/')[1] ?? ''] : [];
  });

describe.each(['legacy', 'modern'] as const)('[RLY-22] a %s upstream whose lists change', (era) => {
  it('is told once, of the list that changed, to exactly those who see it, on both processes', async () => {
    await using upstream = await new TalkativeUpstream(era).start();
    // The first user's eyes only; everybody sees the virtual server, which keeps what it was composed of.
    const upstreamId = await addUpstream(admin, era, upstream.url, { visibility: 'PRIVATE' });
    await using common = await new TalkativeUpstream('legacy').start();
    const commonId = await addUpstream(admin, `common-${era}`, common.url);
    const entries = await entriesOf(admin, upstreamId);
    const few = await compose(admin, `few-${era}`, entries.slice(0, 2), { prefixNames: true });
    const other = await addUser(admin, split.control.controlPlane, `other-${era}`);

    const seeing: StreamClient[] = [];
    const composed: StreamClient[] = [];
    const blind: StreamClient[] = [];
    for (const { gateway } of split.gateways) {
      await untilServed(`${gateway}/servers/few-${era}/mcp`, token);
      await untilServed(`${gateway}/mcp`, other.token);
      for (const hear of [hearLegacy, hearModern]) {
        seeing.push(await hear(gateway, '/mcp', token));
        composed.push(await hear(gateway, `/servers/few-${era}/mcp`, token));
        blind.push(await hear(gateway, '/mcp', other.token));
      }
    }
    const all = (streams: StreamClient[]) => streams.map(toldOf);
    const each = (streams: StreamClient[], ...kinds: string[]) => streams.map(() => kinds);
    await until('both processes listen to the upstream', () => upstream.streams >= 2);

    upstream.addTool(`one-${era}`);
    await until('the tools are told', () => all(seeing).every((told) => told.length > 0));
    upstream.addPrompt(`two-${era}`);
    await until('the prompts are told', () => all(seeing).every((told) => told.length > 1));
    upstream.addResource(`talk://three-${era}`);
    await until('the resources are told', () => all(seeing).every((told) => told.length > 2));

    // What everybody hears of, so that whatever was to come before it has come.
    common.addTool(`four-${era}`);
    await addEntries(admin, few, (await entriesOf(admin, commonId)).slice(0, 1));
    await until('the last change is told', () => [...all(composed), ...all(blind)].every((told) => told.length > 0));
    await until('to those as well', () => all(seeing).every((told) => told.length > 3));
    expect(all(seeing)).toEqual(each(seeing, 'tools', 'prompts', 'resources', 'tools'));
    expect(all(composed)).toEqual(each(composed, 'tools'));
    expect(all(blind)).toEqual(each(blind, 'tools'));
    for (const stream of [...seeing, ...composed, ...blind]) stream.leave();
  });
});

describe.each(['legacy', 'modern'] as const)(
  '[RBS-3] a %s upstream whose list changed before anybody listened',
  (era) => {
    it('is told of to whoever listens next, without a further word of the upstream', async () => {
      await using upstream = await new TalkativeUpstream(era).start();
      await addUpstream(admin, `quiet-${era}`, upstream.url);
      const { gateway } = split.gateways[0] ?? { gateway: '' };
      await untilServed(`${gateway}/mcp`, token);
      // What it said went to nobody.
      expect(upstream.streams).toBe(0);
      upstream.addTool(`unheard-${era}`);
      const stream = await hearModern(gateway, '/mcp', token);
      await until('it is told', () => toldOf(stream).includes('tools'));
      // One reading is enough: what it brought does not ask for another one.
      const reads = () => upstream.seen.filter(({ method }) => method === 'tools/list').length;
      await until('it was read', () => reads() >= 2);
      const settled = performance.now();
      let known = reads();
      await until('it is read no more', () => {
        if (reads() !== known) throw new Error(`read ${reads()} times`);
        known = reads();
        return performance.now() - settled > 5_000;
      });
      stream.leave();
    });
  },
);
