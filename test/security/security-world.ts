import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addUpstream, startFixtureServer, type FixtureServer } from '#testing';
import { compose, entriesOf, startMcpWorld, untilServed, type McpWorld } from '../e2e/mcp-world.js';
import { TalkativeUpstream } from '../e2e/talkative-upstream.js';
import { projectRoot } from '../project-files.js';
import { startSseUpstream, type SseUpstream } from './sse-upstream.js';

/** A Gatehouse whose upstreams, one of every kind, keep what they receive. */
export interface SecurityWorld extends McpWorld {
  /** Legacy, with sessions, answering in JSON. */
  readonly old: FixtureServer;
  readonly young: FixtureServer;
  /** Legacy, answering every request with a stream. */
  readonly events: FixtureServer;
  readonly sse: SseUpstream;
  readonly talkOld: TalkativeUpstream;
  readonly talkYoung: TalkativeUpstream;
  /** Ids of the upstreams by slug. */
  readonly ids: Readonly<Record<string, string>>;
  /** Forgets what the upstreams have received so far. */
  forget(): void;
  /** How many requests the upstreams on HTTP have received since. */
  reached(): number;
}

/** The environment of a Gatehouse that knows the stdio program `seer`. */
export function stdioCommands(): { env: Record<string, string>; folder: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-commands-'));
  const file = path.join(folder, 'commands.json');
  const seer = { command: process.execPath, args: [path.join(projectRoot, 'test/security/stdio-upstream.mjs')] };
  writeFileSync(file, JSON.stringify({ seer: { ...seer, env: { SEER_KEY: 'of-the-operator' } } }));
  return { folder, env: { GATEHOUSE_STDIO_COMMANDS: file } };
}

/**
 * Starts it with the upstreams `old`, `young`, `events`, `sse`, `talk-old`, `talk-young` and `child` (stdio), and the
 * virtual server `all`. Nothing but the test asks them anything afterwards.
 */
export async function startSecurityWorld(env: Record<string, string> = {}): Promise<SecurityWorld> {
  const commands = stdioCommands();
  const [world, old, young, events, sse, talkOld, talkYoung] = await Promise.all([
    startMcpWorld({
      GATEHOUSE_WORKER_HEALTH_INTERVAL: '1h',
      GATEHOUSE_WORKER_SYNC_INTERVAL: '1h',
      ...commands.env,
      ...env,
    }),
    startFixtureServer({ era: 'legacy', sessions: true }),
    startFixtureServer({ era: 'modern' }),
    startFixtureServer({ era: 'legacy', sse: true }),
    startSseUpstream(),
    new TalkativeUpstream('legacy').start(),
    new TalkativeUpstream('modern').start(),
  ]);
  const { admin, token } = world;
  const secret = { authSecret: 'Bearer upstream-secret' };
  const ids = {
    old: await addUpstream(admin, 'old', old.url, secret),
    young: await addUpstream(admin, 'young', young.url, secret),
    events: await addUpstream(admin, 'events', events.url, secret),
    sse: await addUpstream(admin, 'sse', sse.url, { transport: 'SSE', ...secret }),
    'talk-old': await addUpstream(admin, 'talk-old', talkOld.url, secret),
    'talk-young': await addUpstream(admin, 'talk-young', talkYoung.url, secret),
    child: await addUpstream(admin, 'child', null, { transport: 'STDIO', command: 'seer' }),
  };
  const entries = await Promise.all(Object.values(ids).map((id) => entriesOf(admin, id)));
  await compose(admin, 'all', entries.flat(), { prefixNames: true });
  await untilServed(world.at('/servers/all/mcp'), token);
  const kept: unknown[][] = [old.requests, young.requests, events.requests, sse.requests, talkOld.seen, talkYoung.seen];
  return {
    ...world,
    ...{ old, young, events, sse, talkOld, talkYoung, ids },
    forget: () => kept.forEach((requests) => requests.splice(0)),
    reached: () => kept.reduce((sum, requests) => sum + requests.length, 0),
    [Symbol.asyncDispose]: async () => {
      await world[Symbol.asyncDispose]();
      await Promise.all([old, young, events].map((server) => server.close()));
      await Promise.all([sse, talkOld, talkYoung].map((server) => server[Symbol.asyncDispose]()));
      rmSync(commands.folder, { recursive: true, force: true });
    },
  };
}
