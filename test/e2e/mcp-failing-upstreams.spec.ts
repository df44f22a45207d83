import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addUpstream,
  callMcp,
  callModern,
  startBrokenServer,
  startFixtureServer,
  until,
  type BrokenKind,
  type FixtureServer,
} from '#testing';
import { startMcpWorld, toolNames, untilServed, type McpWorld } from './mcp-world.js';

interface Operation {
  readonly state: string;
  readonly code: string | null;
  readonly message: string | null;
}

let world: McpWorld;
let good: FixtureServer;

beforeAll(async () => {
  [world, good] = await Promise.all([
    startMcpWorld({
      GATEHOUSE_OUTBOUND_CONNECT_TIMEOUT: '500ms',
      GATEHOUSE_OUTBOUND_REQUEST_TIMEOUT: '700ms',
      GATEHOUSE_OUTBOUND_PROBE_TIMEOUT: '700ms',
      GATEHOUSE_OUTBOUND_MAX_RESPONSE: '1MiB',
      GATEHOUSE_CATALOG_MAX_PAGES: '5',
    }),
    startFixtureServer({ era: 'legacy' }),
  ]);
  await untilServed(world.at('/mcp'), world.token);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await good?.close();
});

const operate = async (verb: 'check' | 'sync', id: string): Promise<Operation> => {
  const [name, input] =
    verb === 'check' ? ['checkUpstream', 'CheckUpstreamInput'] : ['syncUpstream', 'SyncUpstreamInput'];
  const payload = await world.admin.mutate<{ operation: Operation }>(
    name,
    input,
    { id },
    'operation { state code message }',
  );
  return payload.operation;
};

const move = (id: string, url: string) =>
  world.admin.mutate('updateUpstream', 'UpdateUpstreamInput', { id, url }, 'upstream { id }');

/** What a person and a client are told about each broken server. */
const table: readonly (readonly [BrokenKind, string, RegExp])[] = [
  ['unreachable', 'UPSTREAM_UNREACHABLE', /resolve|reach|found/i],
  ['refused', 'UPSTREAM_REFUSED', /refused|reset/i],
  ['tls', 'UPSTREAM_TLS', /TLS|certificate/i],
  ['timeout', 'UPSTREAM_TIMEOUT', /time|answer/i],
  ['redirect', 'UPSTREAM_REDIRECT', /redirect/i],
  ['unauthorized', 'UPSTREAM_UNAUTHORIZED', /401|credential/i],
  ['forbidden', 'UPSTREAM_FORBIDDEN', /403|credential/i],
  ['server-error', 'UPSTREAM_SERVER_ERROR', /500/],
  ['not-json', 'UPSTREAM_NOT_JSON', /JSON/],
  ['not-mcp', 'UPSTREAM_NOT_MCP', /MCP/],
  ['not-found', 'UPSTREAM_NOT_MCP', /MCP/],
  ['unsupported-version', 'UPSTREAM_UNSUPPORTED_VERSION', /revision|version/i],
  ['too-large', 'UPSTREAM_TOO_LARGE', /large|size|bytes|more than/i],
];

describe('[CAT-6] an upstream that goes wrong', () => {
  it.each(table)('[BAD-8] [BAD-10] %s is told as %s, by the check and in-band', async (kind, code, text) => {
    const slug = `is-${kind}`;
    const id = await addUpstream(world.admin, slug, good.url);
    await using broken = await startBrokenServer(kind);
    await move(id, broken.url);
    const checked = await operate('check', id);
    expect(checked).toMatchObject({ state: 'FAILED', code, message: expect.stringMatching(text) });
    expect(checked.message).not.toMatch(/token=secret|\bat \S+ \(/);

    // The catalogue of its better days is still listed and callable; what a call meets is told in-band.
    const call = { name: `${slug}__echo`, arguments: { text: 'x' } };
    await until('the gateway has the new address', async () => {
      const answer = await callMcp(world.at('/mcp'), world.token, 'tools/call', call);
      return answer.body?.error?.data?.['reason'] === code;
    });
    const answer = await callModern(world.at('/mcp'), world.token, 'tools/call', call);
    expect(answer).toMatchObject({
      status: 200,
      body: { error: { code: -31002, data: { reason: code, upstream: slug } } },
    });
    expect(answer.text).not.toMatch(/127\.0\.0\.1|no-such-host|token=secret|elsewhere|\bat \S+ \(/);

    const seen = await world.admin.send(
      'query ($slug: String!) { upstreamBySlug(slug: $slug) { health healthCode tools(first: 1) { edges { node { name } } } } }',
      { slug },
    );
    expect(seen.data?.['upstreamBySlug']).toMatchObject({
      health: 'UNHEALTHY',
      healthCode: code,
      tools: { edges: [{}] },
    });
    await world.admin.mutate('deleteUpstream', 'DeleteUpstreamInput', { id }, 'deletedId');
  });

  it('[BAD-10] a redirect is not followed, wherever it leads', async () => {
    const id = await addUpstream(world.admin, 'redirects', good.url);
    await using broken = await startBrokenServer('redirect');
    await move(id, broken.url);
    await operate('check', id);
    const target = broken.requests.filter(({ path }) => path.includes('elsewhere'));
    expect([broken.requests.length > 0, target]).toEqual([true, []]);
    await world.admin.mutate('deleteUpstream', 'DeleteUpstreamInput', { id }, 'deletedId');
  });

  it.each(['endless-pages', 'repeated-cursor'] as const)('a catalogue of %s is refused as a whole', async (kind) => {
    const id = await addUpstream(world.admin, kind, good.url);
    await using broken = await startBrokenServer(kind);
    await move(id, broken.url);
    expect(await operate('sync', id)).toMatchObject({ state: 'FAILED', code: 'UPSTREAM_CATALOG_INVALID' });
    expect(broken.requests.length).toBeLessThan(30);
    const names = toolNames(await callMcp(world.at('/mcp'), world.token, 'tools/list'));
    expect(names).toContain(`${kind}__echo`);
    expect(names).not.toContain(`${kind}__tool-1`);
  });

  it.each([
    'http://127.0.0.2:1/mcp',
    'http://169.254.169.254/latest/meta-data',
    'http://10.0.0.1/mcp',
    'http://[::1]/mcp',
    'http://[::ffff:10.0.0.1]/mcp',
    'http://0x7f000002:1/mcp',
  ])('[BAD-9] %s is private and nobody allowed it', async (url) => {
    const slug = 'private-address';
    const created = await world.admin.send(
      'mutation ($input: CreateUpstreamInput!) { createUpstream(input: $input) { upstream { id } userErrors { field code message } } }',
      { input: { slug, name: slug, url } },
    );
    const { upstream, userErrors } = (created.data?.['createUpstream'] ?? {}) as {
      upstream: { id: string } | null;
      userErrors: { field: string; code: string }[];
    };
    if (upstream === null) {
      expect(userErrors).toMatchObject([{ field: 'url', code: 'UPSTREAM_BLOCKED_ADDRESS' }]);
      return;
    }
    expect(await operate('check', upstream.id)).toMatchObject({ state: 'FAILED', code: 'UPSTREAM_BLOCKED_ADDRESS' });
    await world.admin.mutate('deleteUpstream', 'DeleteUpstreamInput', { id: upstream.id }, 'deletedId');
  });
});

describe('[GW-19] a dead upstream', () => {
  it('keeps its place in the lists, fails fast in-band, and takes nobody with it', async () => {
    const dying = await startFixtureServer({ era: 'legacy' });
    await addUpstream(world.admin, 'living', good.url);
    const id = await addUpstream(world.admin, 'dying', dying.url);
    const listed = () => callMcp(world.at('/mcp'), world.token, 'tools/list');
    const list = async () => JSON.stringify((await listed()).body?.result?.['tools']);
    const call = (name: string) =>
      callMcp(world.at('/mcp'), world.token, 'tools/call', { name, arguments: { text: 'x' } });
    await until('it is known', async () => (await call('dying__echo')).body?.result !== undefined);
    const before = await list();
    await dying.close();
    const failed = await call('dying__echo');
    expect(failed).toMatchObject({
      status: 200,
      body: { error: { code: -31002, data: { upstream: 'dying', reason: 'UPSTREAM_REFUSED' } } },
    });
    expect(failed.text).not.toContain('127.0.0.1');
    expect(await list()).toBe(before);
    expect(before).toContain('"dying__echo"');
    expect((await call('living__echo')).body?.result).toBeDefined();
    // A sync that finds nobody keeps the last good catalogue.
    expect(await operate('sync', id)).toMatchObject({ state: 'FAILED', code: 'UPSTREAM_REFUSED' });
    expect(await list()).toBe(before);
    await until('the list says so', async () => (await listed()).text.includes('dev.gatehouse/upstreams'));
    expect((await listed()).body?.result?.['_meta']).toEqual({
      'dev.gatehouse/upstreams': [{ upstream: 'dying', outcome: 'UPSTREAM_REFUSED' }],
    });
  });
});
