import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUser, callMcp, callModern, until, type McpAnswer } from '#testing';
import { longNames, oddNames, startCrowd, toolsEach, whoAnswered, type CrowdMember } from './aggregation-upstreams.js';
import { modernClient } from './bridge-client.js';
import { compose, entriesOf, startMcpWorld, toolNames, type McpWorld } from './mcp-world.js';

type Json = Record<string, unknown>;
type Caller = typeof callModern;

const pageSize = 64;
const eras: readonly (readonly [string, Caller])[] = [
  ['legacy', callMcp],
  ['modern', callModern],
];

let world: McpWorld;
let crowd: readonly CrowdMember[];

const member = (index: number): CrowdMember => {
  const found = crowd[index];
  if (!found) throw new Error(`no upstream ${index}`);
  return found;
};

const ask = (call: Caller, method: string, params: object = {}, token = world.token): Promise<McpAnswer> =>
  call(world.at('/mcp'), token, method, params as Json);

/** Every page of a list, in the order of the pages. */
async function pagesOf(call: Caller, method = 'tools/list', token = world.token): Promise<McpAnswer[]> {
  const pages: McpAnswer[] = [];
  for (let cursor: unknown; pages.length < 100;) {
    const page = await ask(call, method, cursor === undefined ? {} : { cursor }, token);
    if (!page.body?.result) throw new Error(page.text);
    pages.push(page);
    cursor = page.body.result['nextCursor'];
    if (cursor === undefined) return pages;
  }
  throw new Error('the list does not end');
}

const firstTextOf = (result: Json | undefined): unknown => (result?.['content'] as Json[] | undefined)?.[0]?.['text'];

const namesOf = (pages: readonly McpAnswer[]) => pages.flatMap((page) => toolNames(page));

const healthTold = (page: McpAnswer | undefined) =>
  (page?.body?.result?.['_meta'] as Json | undefined)?.['dev.gatehouse/upstreams'];

beforeAll(async () => {
  world = await startMcpWorld({ GATEHOUSE_GATEWAY_PAGE_SIZE: String(pageSize) });
  crowd = await startCrowd(world.admin);
  await until('all are served', async () => namesOf(await pagesOf(callMcp)).length === 10 * toolsEach);
});
afterAll(async () => {
  await Promise.all((crowd ?? []).map(({ server }) => server.close()));
  await world?.[Symbol.asyncDispose]();
});

describe.each(eras)('ten upstreams of 100 tools, as a %s client sees them', (_era, call) => {
  it('[AGG-1] are one complete list, by slug and then by name, the same again and again', async () => {
    const pages = await pagesOf(call);
    const names = namesOf(pages);
    expect(pages.map((page) => toolNames(page).length)).toEqual([
      ...Array.from({ length: 15 }, () => pageSize),
      10 * toolsEach - 15 * pageSize,
    ]);
    expect(new Set(names).size).toBe(10 * toolsEach);
    const slugs = names.map((name) => name.slice(0, name.indexOf('__')));
    expect([...new Set(slugs)]).toEqual(crowd.map(({ slug }) => slug));
    for (const { slug } of crowd) expect(slugs.filter((one) => one === slug)).toHaveLength(toolsEach);
    expect(slugs).toEqual(slugs.toSorted());
    for (let again = 0; again < 3; again += 1) expect(namesOf(await pagesOf(call))).toEqual(names);
    for (const [, other] of eras) expect(namesOf(await pagesOf(other))).toEqual(names);
  });

  it('[AGG-2] page by cursors that only their token, list and endpoint can use', async () => {
    const [first] = await pagesOf(call);
    const cursor = String(first?.body?.result?.['nextCursor']);
    const altered = [0, Math.floor(cursor.length / 2), cursor.length - 2].map(
      (at) => cursor.slice(0, at) + (cursor[at] === 'A' ? 'B' : 'A') + cursor.slice(at + 1),
    );
    for (const bad of [...altered, '', '30', `${cursor}A`, cursor.slice(0, -4), 64, null, { cursor }])
      expect((await ask(call, 'tools/list', { cursor: bad })).body?.error, JSON.stringify(bad)).toMatchObject({
        code: -32602,
      });
    expect((await ask(call, 'prompts/list', { cursor })).body?.error).toMatchObject({ code: -32602 });
    const other = await addUser(world.admin, world.gatehouse.controlPlane, `other-${_era}`);
    await until('the other one is let in', async () => (await ask(callMcp, 'ping', {}, other.token)).status === 200);
    expect(toolNames(await ask(call, 'tools/list', {}, other.token))).toEqual(first && toolNames(first));
    expect((await ask(call, 'tools/list', { cursor }, other.token)).body?.error).toMatchObject({ code: -32602 });
    // And it is still good for whom it was made, as often as they like.
    const [again, oncemore] = [await ask(call, 'tools/list', { cursor }), await ask(call, 'tools/list', { cursor })];
    expect(toolNames(again)).toHaveLength(pageSize);
    expect(toolNames(oncemore)).toEqual(toolNames(again));
  });

  it('[AGG-5] have names that fit, tell them apart and lead back to the original', async () => {
    const names = namesOf(await pagesOf(call));
    expect(names.filter((name) => !/^[A-Za-z0-9_-]{1,60}$/.test(name))).toEqual([]);
    for (const index of [0, 1]) {
      const { slug } = member(index);
      const own = names.filter((name) => name.startsWith(`${slug}__`));
      const odd = own.filter((name) => /__(quarterly|sum)/.test(name));
      expect(odd).toHaveLength(longNames.length + oddNames.length);
      const answers = await Promise.all(odd.map((name) => ask(call, 'tools/call', { name, arguments: { n: 1 } })));
      const reached = answers.map(({ body }) => whoAnswered(body?.result));
      expect(reached.map(({ name }) => String(name)).toSorted()).toEqual([...longNames, ...oddNames].toSorted());
      expect(reached.every((one) => one['slug'] === slug && JSON.stringify(one['args']) === '{"n":1}')).toBe(true);
      for (const guess of [`${slug}__${longNames[0]}`, `${slug}__sum.of`, longNames[0], 'tool-050'])
        expect((await ask(call, 'tools/call', { name: guess })).body?.error).toMatchObject({ code: -32602 });
    }
  });

  it('[AGG-6] show links, contents, templates and prompts under the prefix, and find them there', async () => {
    for (const index of [2, 3]) {
      const { slug } = member(index);
      const { body } = await ask(call, 'tools/call', { name: `${slug}__link` });
      const uri = `gatehouse:${slug}:fixture://text`;
      expect(body?.result?.['content']).toMatchObject([
        { type: 'resource_link', uri },
        { type: 'resource', resource: { uri } },
      ]);
      const read = async (asked: string) =>
        (await ask(call, 'resources/read', { uri: asked })).body?.result?.['contents'];
      expect(await read(uri)).toEqual([{ uri, mimeType: 'text/plain', text: 'hello' }]);
      const item = `gatehouse:${slug}:fixture://item/7`;
      expect(await read(item)).toEqual([{ uri: item, mimeType: 'text/plain', text: 'item 7' }]);
      expect((await ask(call, 'resources/read', { uri: 'fixture://text' })).body?.error).toMatchObject({
        code: -32602,
      });
      const listed = (await pagesOf(call, 'prompts/list'))
        .flatMap(({ body: page }) => (page?.result?.['prompts'] ?? []) as { name: string }[])
        .map(({ name }) => name)
        .filter((name) => name.startsWith(`${slug}__quarterly`));
      const texts = await Promise.all(
        listed.map(async (name) =>
          JSON.stringify((await ask(call, 'prompts/get', { name })).body?.result?.['messages']),
        ),
      );
      expect(texts.map((text) => String(/"text":"(.*?)"/.exec(text)?.[1])).toSorted()).toEqual([
        `${slug} a`,
        `${slug} b`,
      ]);
    }
    const templates = (await pagesOf(call, 'resources/templates/list')).flatMap(
      ({ body }) => (body?.result?.['resourceTemplates'] ?? []) as Json[],
    );
    expect(templates.map(({ uriTemplate }) => uriTemplate)).toEqual(
      crowd.map(({ slug }) => `gatehouse:${slug}:fixture://item/{id}`),
    );
  });
});

describe('an aggregate that changes, and upstreams that fail', () => {
  it('[AGG-2] a walk goes on where it was when tools come and go before it', async () => {
    const names = namesOf(await pagesOf(callMcp));
    const first = await ask(callMcp, 'tools/list');
    const { catalogue } = member(0).server;
    const gone = catalogue.tools.find(({ definition }) => definition['name'] === 'tool-050');
    catalogue.tools = catalogue.tools.filter((tool) => tool !== gone);
    const { id } = await upstreamOf(member(0).slug);
    const sync = () => world.admin.mutate('syncUpstream', 'SyncUpstreamInput', { id }, 'operation { state }');
    await sync();
    const served = async () => toolNames(await ask(callMcp, 'tools/list')).includes('crowd-0__tool-050');
    await until('the change is served', async () => !(await served()));
    const rest: string[] = [];
    for (let cursor = first.body?.result?.['nextCursor']; cursor !== undefined;) {
      const page = await ask(callMcp, 'tools/list', { cursor });
      rest.push(...toolNames(page));
      cursor = page.body?.result?.['nextCursor'];
    }
    expect([...toolNames(first), ...rest]).toEqual(names);
    if (gone) catalogue.tools.push(gone);
    await sync();
    await until('it is back', served);
  });

  it.each(eras)(
    '[AGG-2] a %s walk goes on where it was when what it stood at and whole upstreams go',
    async (_era, call) => {
      const names = namesOf(await pagesOf(call));
      const first = await ask(call, 'tools/list');
      // The last object of the page, the first of the next one, and an upstream that is still to come.
      const [last, next] = [names[pageSize - 1], names[pageSize]].map((name) => String(name).replace(/^.*__/, ''));
      const { catalogue } = member(0).server;
      const before = [...catalogue.tools];
      catalogue.tools = before.filter(({ definition: { name } }) => name !== last && name !== next);
      expect(catalogue.tools).toHaveLength(before.length - 2);
      const [shrinking, leaving] = [await upstreamOf(member(0).slug), await upstreamOf(member(3).slug)];
      const sync = () =>
        world.admin.mutate('syncUpstream', 'SyncUpstreamInput', { id: shrinking.id }, 'operation { state }');
      const enable = (enabled: boolean) =>
        world.admin.mutate('updateUpstream', 'UpdateUpstreamInput', { id: leaving.id, enabled }, 'upstream { id }');
      const count = async () => namesOf(await pagesOf(call)).length;
      await sync();
      await enable(false);
      await until('the change is served', async () => (await count()) === names.length - 2 - toolsEach);
      const rest: string[] = [];
      for (let cursor = first.body?.result?.['nextCursor']; cursor !== undefined;) {
        const page = await ask(call, 'tools/list', { cursor });
        rest.push(...toolNames(page));
        cursor = page.body?.result?.['nextCursor'];
      }
      const lasting = names.slice(pageSize + 1).filter((name) => !name.startsWith(`${member(3).slug}__`));
      expect([...toolNames(first), ...rest]).toEqual([...names.slice(0, pageSize), ...lasting]);
      catalogue.tools = before;
      await enable(true);
      await sync();
      await until('all is back', async () => (await count()) === names.length);
    },
  );

  it('[AGG-2] cursors of one endpoint are worth nothing at another', async () => {
    const { id } = await upstreamOf(member(1).slug);
    const more = { prefixNames: true };
    await compose(world.admin, 'one', (await entriesOf(world.admin, id)).slice(0, 90), more);
    const at = (params: object) => callMcp(world.at('/servers/one/mcp'), world.token, 'tools/list', params);
    await until('it is served', async () => (await at({})).body?.result?.['nextCursor'] !== undefined);
    const own = (await at({})).body?.result?.['nextCursor'];
    const foreign = (await ask(callMcp, 'tools/list')).body?.result?.['nextCursor'];
    expect((await at({ cursor: own })).body?.error).toBeUndefined();
    expect((await at({ cursor: foreign })).body?.error).toMatchObject({ code: -32602 });
    expect((await ask(callMcp, 'tools/list', { cursor: own })).body?.error).toMatchObject({ code: -32602 });
  });

  it('[AGG-4] upstreams that sleep for 30 s keep nobody else waiting', async () => {
    const asleep = new AbortController();
    const sleepers = [member(4), member(5)];
    const client = modernClient(world.at('/mcp'), world.token);
    let awake = 0;
    const sleeping = sleepers.flatMap(({ slug }) =>
      Array.from({ length: 25 }, () =>
        client
          .call(`${slug}__slow`, { ms: 30_000 }, { signal: asleep.signal })
          .catch(() => null)
          .finally(() => (awake += 1)),
      ),
    );
    const running = ({ server }: CrowdMember) => server.methods().filter((method) => method === 'tools/call').length;
    await until('they sleep', () => sleepers.every((one) => running(one) >= 4));
    const others = crowd.filter((one) => !sleepers.includes(one));
    const began = performance.now();
    for (const [, call] of eras) {
      const answers = await Promise.all(
        others.map(({ slug }) => ask(call, 'tools/call', { name: `${slug}__echo`, arguments: { text: slug } })),
      );
      expect(answers.map(({ body }) => firstTextOf(body?.result))).toEqual(others.map(({ slug }) => slug));
      expect(namesOf(await pagesOf(call))).toHaveLength(10 * toolsEach);
    }
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(awake).toBe(0);
    asleep.abort();
    await Promise.all(sleeping);
  });

  it.each(eras)('[AGG-3] a dead upstream stays listed for a %s client, and is told', async (_era, call) => {
    const dead = member(9);
    const before = namesOf(await pagesOf(call));
    await dead.server.close();
    // Before anybody has noticed, and after.
    expect(namesOf(await pagesOf(call))).toEqual(before);
    const refused = await ask(call, 'tools/call', { name: `${dead.slug}__echo`, arguments: { text: 'x' } });
    expect([refused.status, refused.body?.error]).toMatchObject([
      200,
      { code: -31002, data: { reason: 'UPSTREAM_REFUSED', upstream: dead.slug } },
    ]);
    await world.admin.mutate(
      'checkUpstream',
      'CheckUpstreamInput',
      { id: (await upstreamOf(dead.slug)).id },
      'operation { state }',
    );
    await until('it is known to be dead', async () => healthTold((await pagesOf(call))[0]) !== undefined);
    const pages = await pagesOf(call);
    expect(namesOf(pages)).toEqual(before);
    for (const page of pages) expect(healthTold(page)).toEqual([{ upstream: dead.slug, outcome: 'UPSTREAM_REFUSED' }]);
    const began = performance.now();
    for (const { slug } of crowd.slice(0, 9)) {
      const answer = await ask(call, 'tools/call', { name: `${slug}__tool-050`, arguments: {} });
      expect(whoAnswered(answer.body?.result)).toMatchObject({ slug, name: 'tool-050' });
    }
    expect(performance.now() - began).toBeLessThan(4_000);
    const { id } = await upstreamOf(dead.slug);
    const failed = await world.admin.mutate<{ operation: { state: string } }>(
      'syncUpstream',
      'SyncUpstreamInput',
      { id },
      'operation { state }',
    );
    expect(failed.operation.state).toBe('FAILED');
    expect(namesOf(await pagesOf(call))).toEqual(before);
  });
});

async function upstreamOf(slug: string): Promise<{ id: string }> {
  const { data } = await world.admin.send('{ upstreams(first: 50) { edges { node { id slug } } } }');
  const { upstreams } = data as unknown as { upstreams: { edges: { node: { id: string; slug: string } }[] } };
  const found = upstreams.edges.find(({ node }) => node.slug === slug);
  if (!found) throw new Error(`no upstream ${slug}`);
  return found.node;
}
