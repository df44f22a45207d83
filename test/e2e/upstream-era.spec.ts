import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUpstream, callMcp, callModern, startFixtureServer, until, type FixtureServer } from '#testing';
import { openLegacyClient } from './bridge-client.js';
import { firstText, startMcpWorld, toolNames, untilServed, type McpWorld } from './mcp-world.js';

type Json = Record<string, unknown>;

let world: McpWorld;

beforeAll(async () => {
  world = await startMcpWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());

const setEra = (id: string, protocolEra: string) =>
  world.admin.mutate('updateUpstream', 'UpdateUpstreamInput', { id, protocolEra }, 'upstream { protocolEra }');
async function stateOf(slug: string): Promise<Json> {
  const answer = await world.admin.send(
    'query ($slug: String!) { upstreamBySlug(slug: $slug) { protocolEra era protocolVersion health healthCode } }',
    { slug },
  );
  return (answer.data as unknown as { upstreamBySlug: Json }).upstreamBySlug;
}
const untilState = (slug: string, expected: Json) =>
  until(`${slug} is ${JSON.stringify(expected)}`, async () => {
    const state = await stateOf(slug);
    return Object.entries(expected).every(([name, value]) => state[name] === value);
  });
async function callAll(slug: string): Promise<void> {
  const echo = { arguments: { text: slug } };
  const through = { ...echo, name: 'echo' };
  const prefixed = { ...echo, name: `${slug}__echo` };
  const { gateway } = world.gatehouse;
  await openLegacyClient(`${gateway}/upstreams/${slug}/mcp`, world.token);
  for (const answer of [
    await callMcp(world.at(`/upstreams/${slug}/mcp`), world.token, 'tools/call', through),
    await callModern(world.at(`/upstreams/${slug}/mcp`), world.token, 'tools/call', through),
    await callMcp(world.at('/mcp'), world.token, 'tools/call', prefixed),
    await callModern(world.at('/mcp'), world.token, 'tools/call', prefixed),
  ])
    expect(firstText(answer)).toBe(slug);
}
const countOf = (server: FixtureServer, method: string): number =>
  server.methods().filter((one) => one === method).length;

describe('the era of an upstream', () => {
  it('[ERA-3] LEGACY: an upstream of both eras never gets server/discover; then MODERN: never initialize', async () => {
    await using server = await startFixtureServer({ era: 'dual', sessions: true });
    const id = await addUpstream(world.admin, 'both', server.url, { protocolEra: 'LEGACY' });
    await untilServed(world.at('/upstreams/both/mcp'), world.token);
    await world.admin.mutate('checkUpstream', 'CheckUpstreamInput', { id }, 'operation { state }');
    await callAll('both');
    expect(countOf(server, 'initialize')).toBeGreaterThan(1);
    expect(countOf(server, 'server/discover')).toBe(0);
    expect(await stateOf('both')).toEqual({
      ...{ protocolEra: 'LEGACY', era: 'LEGACY', protocolVersion: '2025-11-25', health: 'HEALTHY', healthCode: null },
    });

    expect(server.sessions.size).toBeGreaterThan(0);
    await setEra(id, 'MODERN');
    // [ERA-5] within the second of every change of the configuration, without a further call.
    await until('the legacy sessions are ended', () => server.sessions.size === 0, 3000);
    await untilState('both', { health: 'HEALTHY', era: 'MODERN', protocolVersion: '2026-07-28' });
    const [initialized, begun] = [countOf(server, 'initialize'), server.requests.length];
    await callAll('both');
    await world.admin.mutate('syncUpstream', 'SyncUpstreamInput', { id }, 'operation { state }');
    expect(countOf(server, 'initialize')).toBe(initialized);
    expect(server.requests.length).toBeGreaterThan(begun);
    expect(countOf(server, 'server/discover')).toBeGreaterThan(0);
  });

  it('[ERA-3] MODERN from the beginning: no initialize at all', async () => {
    await using server = await startFixtureServer({ era: 'dual', sessions: true });
    await addUpstream(world.admin, 'young', server.url, { protocolEra: 'MODERN' });
    await untilServed(world.at('/upstreams/young/mcp'), world.token);
    await callAll('young');
    expect(countOf(server, 'initialize')).toBe(0);
    expect(countOf(server, 'server/discover')).toBeGreaterThan(0);
  });

  it.each([
    ['legacy', 'MODERN', 'LEGACY'],
    ['modern', 'LEGACY', 'MODERN'],
  ] as const)(
    '[ERA-4] a %s upstream that is set to %s is unhealthy, and AUTO recovers it',
    async (speaks, wrong, right) => {
      await using server = await startFixtureServer({ era: speaks });
      const slug = `only-${speaks}`;
      const id = await addUpstream(world.admin, slug, server.url);
      await untilServed(world.at(`/upstreams/${slug}/mcp`), world.token);
      await setEra(id, wrong);
      await untilState(slug, { health: 'UNHEALTHY', healthCode: 'UPSTREAM_ERA_NOT_SPOKEN' });
      const { operation } = await world.admin.mutate<{ operation: Json }>(
        ...(['checkUpstream', 'CheckUpstreamInput', { id }, 'operation { state code message }'] as const),
      );
      expect(operation).toMatchObject({
        ...{ state: 'FAILED', code: 'UPSTREAM_ERA_NOT_SPOKEN' },
        message: expect.stringContaining(`protocolEra to AUTO or ${right}`),
      });
      // Its tools stay listed, and say what is wrong.
      expect(toolNames(await callMcp(world.at('/mcp'), world.token, 'tools/list'))).toContain(`${slug}__echo`);
      await setEra(id, 'AUTO');
      await untilState(slug, { health: 'HEALTHY', healthCode: null, era: right });
      const path = world.at(`/upstreams/${slug}/mcp`);
      const ask = () => callMcp(path, world.token, 'tools/call', { name: 'echo', arguments: { text: slug } });
      await until('the gateway knows', async () => (await ask()).body?.result !== undefined);
      await callAll(slug);
    },
  );

  it('[ERA-2] is refused over HTTP+SSE, with a remedy', async () => {
    const input = {
      slug: 'old',
      name: 'old',
      url: 'https://mcp.example.com/sse',
      transport: 'SSE',
      protocolEra: 'MODERN',
    };
    const answer = await world.admin.send(
      'mutation ($input: CreateUpstreamInput!) { createUpstream(input: $input) { userErrors { field code message } } }',
      { input },
    );
    expect(answer.data).toMatchObject({
      createUpstream: {
        userErrors: [
          {
            field: 'protocolEra',
            code: 'BAD_USER_INPUT',
            message: expect.stringContaining('transport to STREAMABLE_HTTP'),
          },
        ],
      },
    });
  });
});
