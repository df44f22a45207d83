import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FixtureCatalogue } from '#testing';
import { endpointWith } from './endpoint-with.js';
import { endpoint, legacy, startTestGateway, upstreamTarget, type TestGateway } from './gateway-harness.js';

/** The names of what each upstream has. */
type Names = Readonly<Record<string, readonly string[]>>;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ GATEHOUSE_GATEWAY_PAGE_SIZE: '2' });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const slugs = ['one', 'three', 'two'];
const targets = new Map(slugs.map((slug) => [slug, upstreamTarget(slug, 'http://127.0.0.1:9/mcp')]));

const catalogueOf = (names: readonly string[]): FixtureCatalogue => ({
  tools: names.map((name) => ({ definition: { name, inputSchema: { type: 'object' } }, run: () => ({}) })),
  prompts: names.map((name) => ({ definition: { name }, get: () => ({}) })),
  resources: names.map((name) => ({ definition: { uri: `x://${name}`, name }, contents: {} })),
  resourceTemplates: names.map((name) => ({ definition: { uriTemplate: `x://${name}/{id}`, name }, read: () => null })),
});

const partsOf = (names: Names, prefixed: boolean) =>
  slugs.flatMap((slug) => {
    const [upstream, own] = [targets.get(slug), names[slug]];
    return upstream && own ? [{ upstream, catalogue: catalogueOf(own), prefixed }] : [];
  });

const paths = { aggregate: '/mcp', 'virtual-server': '/servers/s/mcp' } as const;
type Kind = keyof typeof paths;

/** A principal, what they see at the moment, and the lists that they walk. */
function walker(kind: Kind, method: string) {
  const seen = (names: Names) => {
    const made = endpoint({ kind, slug: kind === 'aggregate' ? null : 's' }, partsOf(names, kind === 'aggregate'));
    return kind === 'aggregate' ? { aggregate: made } : { servers: { s: endpointWith(made, { subjectId: 'server' }) } };
  };
  const { token, principal } = gateway.grant(seen({}));
  return {
    show: (names: Names) => gateway.snapshots.set(token, { ...seen(names), principal }),
    /** One page: what it lists, by the upstreams' names, and its cursor. */
    async page(cursor?: string) {
      const { json } = await gateway.post(paths[kind], token, legacy(method, cursor === undefined ? {} : { cursor }));
      const { nextCursor, ...lists } = (json ?? {})['result'] as { nextCursor?: string };
      const [list = []] = Object.values(lists) as { name: string }[][];
      return { names: list.map(({ name }) => name.replace(/^.*__/, '')), cursor: nextCursor };
    },
    async rest(from: string | undefined) {
      const pages: string[][] = [];
      for (let cursor = from; cursor !== undefined;) {
        const page = await this.page(cursor);
        pages.push(page.names);
        ({ cursor } = page);
      }
      return pages;
    },
  };
}

const methods = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'];
const lists = (Object.keys(paths) as Kind[]).flatMap((kind) => methods.map((method) => [kind, method] as const));

describe.each(lists)('[AGG-2] %s, %s: behind a first page [a, b]', (kind, method) => {
  it.each<[string, Names, string[][]]>([
    ['nothing changes', { one: ['a', 'b'], two: ['c', 'd'] }, [['c', 'd']]],
    ['its last object goes', { one: ['a'], two: ['c', 'd'] }, [['c', 'd']]],
    ['its last object and the next go', { one: ['a'], two: ['d'] }, [['d']]],
    ['everything behind it goes', { one: ['a', 'b'] }, [[]]],
    ['everything goes', {}, [[]]],
    ['the upstream of the page goes', { two: ['c', 'd'] }, [['c', 'd']]],
    ['the next upstream goes', { one: ['a'], three: ['b'] }, [['b']]],
    ['some come before it', { one: ['0', 'a', 'aa', 'b'], two: ['c', 'd'] }, [['c', 'd']]],
    [
      'some come behind it',
      { one: ['a', 'b', 'bb'], three: ['x'], two: ['c', 'd'] },
      [
        ['bb', 'x'],
        ['c', 'd'],
      ],
    ],
    [
      'others take its place',
      { one: ['aa', 'ab', 'ba'], two: ['c', 'd', 'e'] },
      [
        ['ba', 'c'],
        ['d', 'e'],
      ],
    ],
  ])('%s', async (_name, then, pages) => {
    const walk = walker(kind, method);
    walk.show({ one: ['a', 'b'], two: ['c', 'd'] });
    const first = await walk.page();
    expect(first.names).toEqual(['a', 'b']);
    walk.show(then);
    expect(await walk.rest(first.cursor)).toEqual(pages);
  });
});

describe.each(Object.keys(paths) as Kind[])('[AGG-2] %s: whatever comes and goes during a walk', (kind) => {
  it('what is there all the time comes once, and nothing comes twice', async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
    const state = fc.record(Object.fromEntries(slugs.map((slug) => [slug, fc.uniqueArray(name, { maxLength: 6 })])));
    await fc.assert(
      fc.asyncProperty(fc.array(state, { minLength: 1, maxLength: 12 }), async (states) => {
        const walk = walker(kind, 'tools/list');
        // Names apart, so that each tells its upstream; composed ones are.
        const shown = states.map((one) =>
          Object.fromEntries(Object.entries(one).map(([slug, own]) => [slug, own.map((text) => `${slug}-${text}`)])),
        );
        const told: string[] = [];
        const during: Names[] = [];
        let cursor: string | undefined;
        do {
          const now = shown[Math.min(during.length, shown.length - 1)] ?? {};
          during.push(now);
          walk.show(now);
          const page = await walk.page(cursor);
          told.push(...page.names);
          ({ cursor } = page);
        } while (cursor !== undefined);
        expect(new Set(told).size).toBe(told.length);
        const lasting = Object.values(during[0] ?? {})
          .flat()
          .filter((one) => during.every((names) => Object.values(names).flat().includes(one)));
        expect(told).toEqual(expect.arrayContaining(lasting));
      }),
      { numRuns: 60 },
    );
  });
});
