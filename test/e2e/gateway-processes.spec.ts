import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { generateMasterKey } from '#crypto';
import {
  ControlPlaneClient,
  createTestDatabase,
  postMcp,
  startFixtureServer,
  startGatehouse,
  until,
  type FixtureServer,
  type Gatehouse,
} from '#testing';
import { readMetrics } from './mcp-metrics.js';
import {
  auditProblems,
  beginJourney,
  launch,
  occupyPort,
  serves,
  sql,
  statusOf,
  toolCallsIn,
  type Journey,
} from './server-support.js';

let upstream: FixtureServer;
beforeAll(async () => {
  upstream = await startFixtureServer({ era: 'legacy' });
});
afterAll(() => upstream.close());

/** A database of its own and the settings of an installation with two gateway processes on it. */
async function installation(more: Record<string, string> = {}) {
  const database = await createTestDatabase(inject('pgUrl'));
  const env = {
    DATABASE_URL: database.url,
    GATEHOUSE_MASTER_KEY: generateMasterKey(),
    GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
    GATEHOUSE_GATEWAY_PROCESSES: '2',
    ...more,
  };
  return { url: database.url, env, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
};

/** The gateway processes of a server. */
const gatewaysOf = ({ child }: Gatehouse): number[] =>
  readdirSync(`/proc/${child.pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${child.pid}/task/${task}/children`, 'utf8').split(' '))
    .map(Number)
    .filter((pid) => commandOf(pid).includes('gateway-process'));

const metricsOf = ({ output }: Gatehouse) => {
  const url = /Metrics\s+(http:\S+)/.exec(output.stderr)?.[1];
  if (url === undefined) throw new Error(`no metrics address:\n${output.stderr}`);
  return readMetrics(url);
};

/** The sum of all samples of one metric. */
async function total(server: Gatehouse, name: string, labels = ''): Promise<number> {
  const samples = [...(await metricsOf(server))].filter(([key]) => key.split('{')[0] === name && key.includes(labels));
  return samples.reduce((sum, [, value]) => sum + value, 0);
}

/** Many calls at once, so that there are many connections. */
const burst = async ({ call }: Journey, count: number) => {
  const answers = await Promise.all(Array.from({ length: count }, () => call('echo', { text: 'x' })));
  expect(answers.filter((answer) => !serves(answer))).toEqual([]);
};

const called = (server: Gatehouse) => total(server, 'gatehouse_mcp_requests_total', 'method="tools/call"');

describe('two gateway processes', () => {
  it('[OWN-6] [OWN-7] serve one port, each with its own chain, and are added up on one metrics page', async () => {
    await using place = await installation();
    await using server = await startGatehouse({ env: place.env });
    const journey = await beginJourney(server, upstream.url);
    const before = await called(server);
    await burst(journey, 40);
    expect(await called(server)).toBe(before + 40);
    expect(await total(server, 'gatehouse_gateway_processes')).toBe(2);
    // The primary serves no configuration; a 0 of its own must not hide that of the gateways.
    expect(await total(server, 'gatehouse_snapshot_revision')).toBeGreaterThan(0);
    const recorded = () =>
      sql<{ epoch: string; n: number }>(
        place.url,
        "select epoch, count(*)::int as n from audit_events where action = 'tools/call' group by epoch",
      );
    await until('all is recorded', async () => (await recorded()).reduce((sum, { n }) => sum + n, 0) >= 40);
    expect(await recorded()).toHaveLength(2);
    expect(await auditProblems(journey.admin)).toEqual({ valid: true, problems: [] });
    expect(await statusOf(`${server.gateway}/readyz`)).toBe(200);
    expect(await statusOf(`${server.gateway}/healthz`)).toBe(200);
    expect(server.output.stderr).toContain('(2 processes)');
  });

  it('[OWN-10] [OWN-7] share the sessions of their clients, whichever process a connection leads to', async () => {
    await using place = await installation();
    await using server = await startGatehouse({ env: place.env });
    const { token } = await beginJourney(server, upstream.url);
    const post = (body: object, headers: Record<string, string> = {}) =>
      postMcp(`${server.gateway}/servers/mine/mcp`, token, JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }), headers);
    const params = {
      ...{ protocolVersion: '2025-11-25', capabilities: {} },
      clientInfo: { name: 'e2e', version: '1' },
    };
    const begun = await post({ method: 'initialize', params });
    const session = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '' };
    const headers = { ...session, 'mcp-protocol-version': '2025-11-25' };
    const answers = await Promise.all(Array.from({ length: 30 }, () => post({ method: 'tools/list' }, headers)));
    expect(answers.filter((answer) => !serves(answer))).toEqual([]);
    const forwarded = await total(server, 'gatehouse_gateway_hops_total', 'outcome="forwarded"');
    expect(forwarded).toBeGreaterThan(0);
    expect(await total(server, 'gatehouse_gateway_hops_total', 'outcome="served"')).toBe(forwarded);
  });

  it('[OWN-6] get the master key neither by their command line nor into a log', async () => {
    await using place = await installation({ GATEHOUSE_LOG_LEVEL: 'trace' });
    await using server = await startGatehouse({ env: place.env });
    const journey = await beginJourney(server, upstream.url);
    await burst(journey, 4);
    const commands = gatewaysOf(server).map(commandOf);
    expect(commands).toHaveLength(2);
    const key = place.env.GATEHOUSE_MASTER_KEY;
    await server.stop('SIGTERM');
    const lines = server.output.stdout.split('\n').filter((line) => line !== '');
    expect([...commands, ...lines, server.output.stderr].filter((text) => text.includes(key))).toEqual([]);
    // Every line is whole JSON, and says which process wrote it.
    const parsed = lines.map((line) => JSON.parse(line) as { service: string; process?: number });
    const numbers = new Set(parsed.filter(({ service }) => service === 'gateway').map((line) => line.process));
    expect(numbers).toEqual(new Set([1, 2]));
  });

  it('[OWN-9] [OWN-7] replace one that was killed, lose no count and leave no gap in the chains', async () => {
    await using place = await installation();
    await using server = await startGatehouse({ env: place.env });
    const journey = await beginJourney(server, upstream.url);
    await burst(journey, 20);
    const before = await called(server);
    const [first] = gatewaysOf(server);
    process.kill(first ?? 0, 'SIGKILL');
    await until('the other one is alone', () => !gatewaysOf(server).includes(first ?? 0));
    expect(await called(server)).toBeGreaterThanOrEqual(before);
    expect(serves(await journey.call('echo', { text: 'still there' }))).toBe(true);
    await until('there are two again', async () => (await total(server, 'gatehouse_gateway_processes')) === 2);
    expect(gatewaysOf(server)).toHaveLength(2);
    expect(server.output.stdout).toContain('A gateway process ended; starting another one in its place.');
    await burst(journey, 20);
    expect(await called(server)).toBeGreaterThanOrEqual(before + 20);
    expect(await auditProblems(journey.admin)).toEqual({ valid: true, problems: [] });
    const instances = () => sql(place.url, 'select id from gateway_instances');
    expect((await instances()).length).toBeGreaterThanOrEqual(2);
    expect(await server.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('[OWN-9] are all gone soon after the server was killed', async () => {
    await using place = await installation();
    await using server = await startGatehouse({ env: place.env });
    const gateways = gatewaysOf(server);
    expect(gateways).toHaveLength(2);
    expect(await server.stop('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    await until('no gateway process is left', () => gateways.every((pid) => commandOf(pid) === ''), 15_000);
    expect(await statusOf(`${server.gateway}/healthz`)).toBe(0);
  });

  it('[OWN-8] end with exit code 0 under load, with no failed request and every record', async () => {
    await using place = await installation({ GATEHOUSE_SERVER_DRAIN_DELAY: '1s' });
    await using server = await startGatehouse({ env: place.env });
    const journey = await beginJourney(server, upstream.url);
    const answered: string[] = [];
    const failed: string[] = [];
    // Like a load balancer: whoever is told that the server leaves sends it nothing more.
    const caller = async (): Promise<void> => {
      for (;;) {
        const id = randomUUID();
        const answer = await journey.call('echo', { text: 'load' }, id).catch((error: unknown) => String(error));
        if (typeof answer === 'string' || !serves(answer)) failed.push(JSON.stringify(answer));
        else answered.push(id);
        if (typeof answer === 'string' || answer.headers.get('connection') === 'close') return;
      }
    };
    const callers = Promise.all(Array.from({ length: 8 }, caller));
    await until('there is load', () => answered.length > 200);
    const ended = server.stop('SIGTERM');
    await until('it is not ready', async () => (await statusOf(`${server.gateway}/readyz`)) === 503);
    expect(await statusOf(`${server.gateway}/healthz`)).toBe(200);
    await callers;
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(failed).toEqual([]);
    const recorded = new Set((await toolCallsIn(place.url)).map(({ id }) => id));
    expect(answered.filter((id) => !recorded.has(id))).toEqual([]);
    expect(await sql(place.url, 'select id from gateway_instances')).toEqual([]);
  });

  it('[OWN-8] let a call under way complete in whichever process it is', async () => {
    await using place = await installation();
    await using server = await startGatehouse({ env: place.env });
    const journey = await beginJourney(server, upstream.url);
    const calls = Array.from({ length: 6 }, () => journey.call('slow', { ms: 2_000 }));
    const slow = () => upstream.requests.filter(({ text }) => text.includes('"slow"')).length;
    const before = slow();
    await until('the upstream has all calls', () => slow() >= Math.max(6, before));
    expect(await server.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect((await Promise.all(calls)).map(serves)).toEqual(Array.from({ length: 6 }, () => true));
  });

  it('[OWN-6] run on the embedded PostgreSQL, with the key of the data directory', async () => {
    await using server = await startGatehouse({
      env: { GATEHOUSE_GATEWAY_PROCESSES: '2', GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1' },
    });
    const journey = await beginJourney(server, upstream.url);
    await burst(journey, 10);
    expect(await auditProblems(new ControlPlaneClient(server.controlPlane).withToken(journey.token))).toEqual({
      valid: true,
      problems: [],
    });
    expect(await server.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('[OWN-6] do not start where the port is taken, and say which setting to change', async () => {
    await using place = await installation();
    await using taken = await occupyPort();
    const ended = await launch(['serve'], { ...place.env, GATEHOUSE_GATEWAY_PORT: String(taken.port) }).ended;
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('PORT_IN_USE');
    expect(ended.stderr).toContain('GATEHOUSE_GATEWAY_PORT');
  });
});
