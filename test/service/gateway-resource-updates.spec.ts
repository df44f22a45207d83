import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { wholeUpstream } from '../../apps/gateway/src/pipeline/rights.js';
import { until } from '#testing';
import type { UpstreamTarget } from '#snapshot';
import { modernClient, openLegacyClient, type BridgeClient } from '../e2e/bridge-client.js';
import { TalkativeUpstream } from '../e2e/talkative-upstream.js';
import { endpointWith } from './endpoint-with.js';
import { endpoint, newPrincipal, newToken, startTestGateway, type TestGateway } from './gateway-harness.js';
import { talkativeTarget } from './talkative-world.js';

type Json = Record<string, unknown>;

const eras = ['legacy', 'modern'] as const;
const paths = { aggregate: '/mcp', 'virtual server': '/servers/s/mcp', 'pass-through': '/upstreams/up/mcp' } as const;
const places = Object.keys(paths) as (keyof typeof paths)[];
const subscriptionId = 'io.modelcontextprotocol/subscriptionId';
const [watched, readable, hidden] = ['file:///a', 'file:///a/part', 'file:///a/deep/secret'];

let gateway: TestGateway;
let upstream: TalkativeUpstream;
let target: UpstreamTarget;
let token: string;
const principal = newPrincipal();
const open: BridgeClient[] = [];

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(async () => {
  for (const client of open.splice(0)) await client.close();
  gateway.snapshots.set(token, null);
  await upstream[Symbol.asyncDispose]();
});

const catalogueOf = (uris: readonly string[], templates: readonly string[]) => ({
  tools: [],
  resources: uris.map((uri) => ({ definition: { uri, name: uri }, contents: {} })),
  resourceTemplates: templates.map((uriTemplate) => ({
    definition: { uriTemplate, name: uriTemplate },
    read: () => null,
  })),
  prompts: [],
});
const whole = catalogueOf([watched, 'file:///ab'], ['file:///a/{name}', 'file:///ab/{name}']);
/** What the principal may read from now on. */
function allow(catalogue: typeof whole): void {
  const plain = [{ upstream: target, catalogue, prefixed: false }];
  // Another upstream has what this one keeps to itself.
  const other = talkativeTarget(upstream, { slug: 'other' });
  const both = [...plain, { upstream: other, catalogue: catalogueOf([hidden], []), prefixed: false }];
  const passThrough = endpoint({ kind: 'upstream', slug: 'up' }, plain);
  const resolveResource = (uri: string) => wholeUpstream(target, uri);
  gateway.snapshots.set(token, {
    principal,
    aggregate: endpoint({ kind: 'aggregate', slug: null }, [{ upstream: target, catalogue, prefixed: true }]),
    servers: { s: endpoint({ kind: 'virtual-server', slug: 's' }, both) },
    upstreams: { up: { ...endpointWith(passThrough, { resolveResource }), subjectId: target.id } },
  });
}

async function begin(era: (typeof eras)[number]): Promise<void> {
  upstream = await new TalkativeUpstream(era).start();
  target = talkativeTarget(upstream, { slug: 'up' });
  token = newToken();
  allow(whole);
}

async function clientOf(era: (typeof eras)[number], place: keyof typeof paths): Promise<BridgeClient> {
  const url = `http://127.0.0.1:${gateway.port}${paths[place]}`;
  const client = era === 'legacy' ? await openLegacyClient(url, token, {}) : modernClient(url, token, {});
  open.push(client);
  return client;
}

const nameIn = (place: keyof typeof paths) => (uri: string) => (place === 'aggregate' ? `gatehouse:up:${uri}` : uri);
const updatesOf = ({ unsolicited }: BridgeClient) =>
  unsolicited.filter(({ method }) => method === 'notifications/resources/updated').map(({ params }) => params as Json);
const urisOf = (client: BridgeClient) => updatesOf(client).map(({ uri }) => uri);

/** Watches a resource from now on: what the upstream says about it is heard. */
async function watch(client: BridgeClient, uri: string, original: string): Promise<void> {
  await client.listen([uri]);
  await until('it is subscribed to', () => upstream.subscriptions.has(original) && upstream.streams > 0);
  await until('it is heard of', () => {
    upstream.update(original, {}, original);
    return urisOf(client).includes(uri);
  });
}

/** Everything that was said before has been heard. @returns what was heard since the watch began */
async function settled(client: BridgeClient, place: keyof typeof paths, original = watched): Promise<Json[]> {
  upstream.update(original, { last: true }, original);
  await until('the last is heard', () => updatesOf(client).some(({ last }) => last === true));
  const isFirst = ({ uri, vendor }: Json) => uri === nameIn(place)(original) && vendor === undefined;
  return updatesOf(client).filter((params) => !isFirst(params));
}

const cells = places.flatMap((place) => eras.flatMap((client) => eras.map((server) => ({ place, client, server }))));

describe.each(cells)('[RLY-23] updates to a $client client of a $server upstream, $place', (cell) => {
  const { client: era, place, server } = cell;
  const isRaw = place === 'pass-through' && era === server;
  const at = nameIn(place);
  beforeEach(() => begin(server));

  it('keep their words, and those about what the resource has in it come, as far as the client may read it', async () => {
    const client = await clientOf(era, place);
    await watch(client, at(watched), watched);
    const more = { title: 'A', vendor: { n: 1 }, _meta: { 'vendor.example/k': 'v' } };
    upstream.update(watched, more, watched);
    upstream.update(readable, more, watched);
    upstream.update(hidden, more, watched);
    const heard = await settled(client, place);
    const meta = era === 'modern' ? { ...more._meta, [subscriptionId]: 1 } : more._meta;
    const isAll = place === 'pass-through';
    const uris = [watched, readable, ...(isAll ? [hidden] : [])];
    for (const uri of uris) expect(heard.shift()).toEqual({ ...more, uri: at(uri), _meta: meta });
    expect(heard).toEqual([]);
  });

  if (server === 'legacy' && !isRaw)
    it('of what only begins with the same letters do not come', async () => {
      const client = await clientOf(era, place);
      await watch(client, at(watched), watched);
      for (const uri of ['file:///ab', 'file:///ab/part', 'file:///a/../ab', 'file:///', 'file:///b'])
        upstream.update(uri, { vendor: 1 }, watched);
      expect(await settled(client, place)).toEqual([]);
    });

  if (place !== 'pass-through')
    it('of a part that was taken away since do not come', async () => {
      const client = await clientOf(era, place);
      await watch(client, at(watched), watched);
      upstream.update(readable, { vendor: 1 }, watched);
      await until('it is heard of', () => urisOf(client).includes(at(readable)));
      allow(catalogueOf([watched], []));
      const before = urisOf(client).filter((uri) => uri === at(readable)).length;
      upstream.update(readable, { vendor: 2 }, watched);
      await settled(client, place);
      expect(urisOf(client).filter((uri) => uri === at(readable))).toHaveLength(before);
    });
});

describe('[RLY-23] updates of a part that is there for other clients only', () => {
  beforeEach(() => begin('legacy'));

  it('do not come', async () => {
    const parts = (catalogue: typeof whole) => [{ upstream: target, catalogue, prefixed: true }];
    const less = endpoint({ kind: 'aggregate', slug: null }, parts(catalogueOf([watched], [])));
    const more = endpoint({ kind: 'aggregate', slug: null }, parts(whole));
    const forClient = (declared: number) => (declared === 0 ? less : more);
    gateway.snapshots.set(token, { principal, aggregate: { ...more, asks: 1, forClient } });
    const client = await clientOf('modern', 'aggregate');
    await watch(client, nameIn('aggregate')(watched), watched);
    upstream.update(readable, { vendor: 1 }, watched);
    expect(await settled(client, 'aggregate')).toEqual([]);
  });
});

describe('[RLY-23] clients of one token that watch different resources of a legacy upstream', () => {
  beforeEach(() => begin('legacy'));

  it('hear of their own and of what is in it', async () => {
    const one = await clientOf('modern', 'aggregate');
    const two = await clientOf('modern', 'aggregate');
    const at = nameIn('aggregate');
    await watch(one, at(watched), watched);
    await watch(two, at('file:///ab'), 'file:///ab');
    // Both have one conversation with the upstream.
    expect(upstream.streams).toBe(1);
    upstream.update('file:///a/1', {}, watched);
    upstream.update('file:///ab/2', {}, watched);
    await until(
      'both have heard',
      () => urisOf(one).includes(at('file:///a/1')) && urisOf(two).includes(at('file:///ab/2')),
    );
    expect(urisOf(one)).not.toContain(at('file:///ab/2'));
    expect(urisOf(two)).not.toContain(at('file:///a/1'));
  });
});
