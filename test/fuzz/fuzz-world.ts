import path from 'node:path';
import { generateMasterKey } from '#crypto';
import {
  addUpstream,
  addUser,
  callMcp,
  freePort,
  signUpAdmin,
  startFixtureServer,
  startGatehouse,
  until,
  type Gatehouse,
} from '#testing';
import { TalkativeUpstream } from '../e2e/talkative-upstream.js';
import { compose, entriesOf } from '../e2e/mcp-world.js';
import { gauge } from '../security/gauge.js';

/** A started Gatehouse with upstreams of every kind, for the fuzzer. */
export interface FuzzWorld extends AsyncDisposable {
  readonly gatehouse: Gatehouse;
  readonly port: number;
  /** Bearer tokens of two users. */
  readonly tokens: readonly string[];
  /** Bytes of the heap and of the buffers outside of it that are still needed. */
  memory(): Promise<number>;
  /** Sessions of clients that are open. */
  sessions(): Promise<number>;
  /** Forgets what the upstreams have received so far. */
  forget(): void;
}

/** Loads a module into the started process; the tests run in the root of the project. */
export const withCollector = (): string => `--import ${path.resolve('test/fuzz/collect-garbage.mjs')}`;

/** Everything that a client leaves behind is to be let go soon, so that the memory shows what is not. */
const short = {
  GATEHOUSE_LIMITS_TOKEN_PER_MINUTE: '0',
  GATEHOUSE_GATEWAY_CLIENT_SESSION_IDLE: '2s',
  GATEHOUSE_GATEWAY_MAX_CLIENT_SESSIONS: '200',
  GATEHOUSE_GATEWAY_UPSTREAM_SESSION_IDLE: '2s',
  GATEHOUSE_GATEWAY_MAX_UPSTREAM_SESSIONS: '300',
  GATEHOUSE_GATEWAY_PARKED_CALL_TTL: '1s',
  GATEHOUSE_GATEWAY_INPUT_TIMEOUT: '1s',
  GATEHOUSE_MCP_REPLAY_AGE: '2s',
  GATEHOUSE_MCP_HEADERS_TIMEOUT: '2s',
  GATEHOUSE_OUTBOUND_REQUEST_TIMEOUT: '3s',
  GATEHOUSE_WORKER_HEALTH_INTERVAL: '1h',
  GATEHOUSE_WORKER_SYNC_INTERVAL: '1h',
  GATEHOUSE_LOG_LEVEL: 'warn',
};

/** @param databaseUrl an empty or migrated database; null for the embedded PostgreSQL */
export async function startFuzzWorld(databaseUrl: string | null): Promise<FuzzWorld> {
  const metricsPort = await freePort();
  const gatehouse = await startGatehouse({
    env: {
      ...short,
      ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl, GATEHOUSE_MASTER_KEY: generateMasterKey() }),
      GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
      GATEHOUSE_METRICS_PORT: String(metricsPort),
      NODE_OPTIONS: withCollector(),
    },
  });
  const { admin, token } = await signUpAdmin(gatehouse);
  const fixtures = {
    old: await startFixtureServer({ era: 'legacy', sessions: true }),
    young: await startFixtureServer({ era: 'modern' }),
    'old-events': await startFixtureServer({ era: 'legacy', sse: true }),
    'young-events': await startFixtureServer({ era: 'modern', sse: true }),
  };
  const talkers = {
    'talk-old': await new TalkativeUpstream('legacy').start(),
    'talk-young': await new TalkativeUpstream('modern').start(),
  };
  const entries: Record<string, unknown>[] = [];
  for (const [slug, { url }] of [...Object.entries(fixtures), ...Object.entries(talkers)])
    entries.push(...(await entriesOf(admin, await addUpstream(admin, slug, url))));
  await compose(admin, 'all', entries, { prefixNames: true });
  const user = await addUser(admin, gatehouse.controlPlane, 'fred');
  await until(
    'the user is known, and the virtual server',
    async () => (await callMcp(`${gatehouse.gateway}/servers/all/mcp`, user.token, 'ping')).status === 200,
  );
  const metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
  return {
    gatehouse,
    port: Number(new URL(gatehouse.gateway).port),
    tokens: [token, token, user.token],
    memory: async () => {
      gatehouse.child.kill('SIGUSR2');
      const [heap, external] = [
        await gauge(metricsUrl, 'nodejs_heap_size_used_bytes'),
        await gauge(metricsUrl, 'nodejs_external_memory_bytes'),
      ];
      return heap + external;
    },
    sessions: () => gauge(metricsUrl, 'gatehouse_client_sessions'),
    forget: () => {
      for (const { requests } of Object.values(fixtures)) requests.length = 0;
      for (const talker of Object.values(talkers)) {
        talker.seen.length = 0;
        talker.heard.length = 0;
      }
    },
    [Symbol.asyncDispose]: async () => {
      await gatehouse[Symbol.asyncDispose]();
      await Promise.all(Object.values(fixtures).map((fixture) => fixture.close()));
      await Promise.all(Object.values(talkers).map((talker) => talker[Symbol.asyncDispose]()));
    },
  };
}
