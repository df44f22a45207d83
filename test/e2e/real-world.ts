import { addUpstream, until, type FixtureServer, startFixtureServer } from '#testing';
import { compose, entriesOf, startEverythingServer, startMcpWorld, untilServed, type McpWorld } from './mcp-world.js';
import { TalkativeUpstream } from './talkative-upstream.js';

/** The upstreams of {@link RealWorld} that say everything a server may say. */
export const talkers = ['talk-legacy', 'talk-modern'] as const;
export type Talker = (typeof talkers)[number];

/** A Gatehouse with real servers and own ones of both eras, each of them behind a virtual server of its name, too. */
export interface RealWorld extends AsyncDisposable {
  readonly world: McpWorld;
  readonly talking: Readonly<Record<Talker, TalkativeUpstream>>;
  readonly young: FixtureServer;
  /** Where clients connect to, straight past Gatehouse. */
  readonly everythingUrl: string;
  /** Of each upstream, by slug: its id, and that of its virtual server. */
  readonly ids: ReadonlyMap<string, { readonly upstream: string; readonly server: string }>;
}

/** Starts it: `everything` (the reference server, legacy), `young` (own, modern), and both talkers. */
export async function startRealWorld(env: Record<string, string> = {}): Promise<RealWorld> {
  const [world, everything, young, legacy, modern] = await Promise.all([
    startMcpWorld(env),
    startEverythingServer(),
    startFixtureServer({ era: 'modern', pageSize: 3 }),
    new TalkativeUpstream('legacy').start(),
    new TalkativeUpstream('modern').start(),
  ]);
  const { admin, token } = world;
  const upstreams = { everything, young, 'talk-legacy': legacy, 'talk-modern': modern };
  const ids = new Map<string, { upstream: string; server: string }>();
  for (const [slug, { url }] of Object.entries(upstreams)) {
    const upstream = await addUpstream(admin, slug, url);
    ids.set(slug, { upstream, server: await compose(admin, slug, await entriesOf(admin, upstream)) });
  }
  for (const slug of Object.keys(upstreams)) await untilServed(world.at(`/servers/${slug}/mcp`), token);
  return {
    world,
    talking: { 'talk-legacy': legacy, 'talk-modern': modern },
    young,
    everythingUrl: everything.url,
    ids,
    [Symbol.asyncDispose]: async () => {
      await world[Symbol.asyncDispose]();
      await Promise.all([
        everything.stop(),
        young.close(),
        legacy[Symbol.asyncDispose](),
        modern[Symbol.asyncDispose](),
      ]);
    },
  };
}

/** An endpoint that shows one upstream among others or alone, and how it spells what the upstream has. */
export interface Door {
  readonly title: string;
  path(slug: string): string;
  name(slug: string, original: string): string;
  uri(slug: string, original: string): string;
}

/** Both kinds of endpoints that compose. */
export const doors: readonly Door[] = [
  {
    title: 'the aggregate',
    path: () => '/mcp',
    name: (slug, original) => `${slug}__${original}`,
    uri: (slug, original) => `gatehouse:${slug}:${original}`,
  },
  {
    title: 'a virtual server',
    path: (slug) => `/servers/${slug}/mcp`,
    name: (_slug, original) => original,
    uri: (_slug, original) => original,
  },
];

/** Waits until `what` is true of something that changes by itself. */
export const eventually = (what: string, condition: () => boolean | Promise<boolean>) => until(what, condition, 10_000);
