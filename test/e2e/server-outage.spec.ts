import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { generateMasterKey } from '#crypto';
import { ControlPlaneClient, startFixtureServer, startGatehouse, until, type FixtureServer } from '#testing';
import { startMortalPostgres, type MortalPostgres } from './server-mortal-postgres.js';
import {
  auditProblems,
  beginJourney,
  serves,
  statusOf,
  toolCallsIn,
  untilReady,
  type Journey,
} from './server-support.js';

const staleAfterMs = 4_000;
const settings = {
  GATEHOUSE_GATEWAY_READY_GRACE: '500ms',
  GATEHOUSE_GATEWAY_SNAPSHOT_STALE_AFTER: `${staleAfterMs}ms`,
  GATEHOUSE_WORKER_RECONNECT_MAX_DELAY: '1s',
  GATEHOUSE_DATABASE_CONNECT_TIMEOUT: '1s',
  GATEHOUSE_DATABASE_START_TIMEOUT: '3s',
  GATEHOUSE_WORKER_HEALTH_INTERVAL: '1s',
};

let upstream: FixtureServer;
let postgres: MortalPostgres;
let env: Record<string, string>;
beforeAll(async () => {
  upstream = await startFixtureServer({ era: 'legacy' });
  postgres = await startMortalPostgres(inject('pgBinFolder'));
  env = {
    DATABASE_URL: postgres.url,
    GATEHOUSE_MASTER_KEY: generateMasterKey(),
    GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
    ...settings,
  };
});
afterAll(async () => {
  await postgres?.[Symbol.asyncDispose]();
  await upstream?.close();
});

/** The share of one core that the process used while `ms` passed: time is what is measured here, not waited for. */
async function processorShare(pid: number, ms: number): Promise<number> {
  const ticks = (): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  const before = ticks();
  const began = performance.now();
  await delay(ms);
  // 100 ticks a second on every Linux.
  return ((ticks() - before) * 10) / (performance.now() - began);
}

const answered: string[] = [];
let journey: Journey;

/** A call that must be answered, and so must be in the audit log in the end. */
async function callAndNote(gateway = journey.server.gateway): Promise<void> {
  const id = randomUUID();
  expect(serves(await journey.call('echo', { text: 'during' }, id, gateway))).toBe(true);
  answered.push(id);
}

describe('the database dies under a running server', () => {
  it('[BAD-19] [GW-16] [TRL-4] [WRK-7] it serves what it knows, then nobody, then everything again', async () => {
    await using server = await startGatehouse({ env });
    journey = await beginJourney(server, upstream.url);
    const { admin } = journey;
    await callAndNote();
    const linesBefore = server.output.stdout.split('\n').length;
    const died = performance.now();
    await postgres.kill();

    for (let n = 0; n < 10; n++) await callAndNote();
    const began = performance.now();
    const refused = await admin.send('{ teams(first: 1) { edges { cursor } } }');
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(refused.errors).toMatchObject([
      { message: expect.stringContaining('again'), extensions: { code: 'INTERNAL', reason: 'DATABASE_UNAVAILABLE' } },
    ]);
    expect(JSON.stringify(refused)).not.toMatch(/postgres|ECONN|127\.0\.0\.1|node_modules/);

    for (const url of [server.gateway, server.controlPlane, server.worker]) {
      await until(`${url} is not ready`, async () => (await statusOf(`${url}/readyz`)) === 503);
      expect(await statusOf(`${url}/healthz`)).toBe(200);
    }
    const calls = () => upstream.methods().filter((method) => method === 'tools/call').length;
    await until('calls are refused', async () => (await journey.call('echo', { text: 'x' })).status === 503);
    // Counted from the last word of the database, up to a sweep before its death.
    expect(performance.now() - died).toBeGreaterThan(staleAfterMs - 1_000);
    expect(performance.now() - died).toBeLessThan(3 * staleAfterMs);
    const reached = calls();
    expect((await journey.call('echo', { text: 'x' })).body?.error?.message).toContain('refused until it is back');
    expect(calls()).toBe(reached);

    expect(await processorShare(server.child.pid ?? 0, 2_000)).toBeLessThan(0.5);
    expect(server.output.stdout.split('\n').length - linesBefore).toBeLessThan(80);

    await postgres.restart();
    await untilReady(server);
    await callAndNote();
    expect((await admin.send('{ teams(first: 1) { edges { cursor } } }')).errors).toEqual([]);
    const synced = await admin.send('{ upstreamBySlug(slug: "fixture") { id } }');
    const { id } = (synced.data as unknown as { upstreamBySlug: { id: string } }).upstreamBySlug;
    const { operation } = await admin.mutate<{ operation: { state: string } }>(
      'syncUpstream',
      'SyncUpstreamInput',
      { id },
      'operation { state }',
    );
    expect(operation.state).toBe('SUCCEEDED');
    await until('every answered call is in the audit log', async () => {
      const recorded = (await toolCallsIn(postgres.url)).map((row) => row.id);
      return answered.every((one) => recorded.filter((found) => found === one).length === 1);
    });
    expect(await auditProblems(admin)).toEqual({ valid: true, problems: [] });
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  it('[TRL-4] a server that is told to stop meanwhile keeps its records for the next start', async () => {
    await using server = await startGatehouse({ env });
    const dataDir = server.dataDir;
    await postgres.kill();
    for (let n = 0; n < 5; n++) await callAndNote(server.gateway);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    await postgres.restart();
    await using again = await startGatehouse({ env, dataDir });
    await until('the spool has reached the audit log', async () => {
      const recorded = new Set((await toolCallsIn(postgres.url)).map((row) => row.id));
      return answered.every((one) => recorded.has(one));
    });
    const admin = new ControlPlaneClient(again.controlPlane).withToken(journey.token);
    expect(await auditProblems(admin)).toEqual({ valid: true, problems: [] });
  });

  it('a database that falls silent does not keep the server from ending', async () => {
    await using server = await startGatehouse({ env: { ...env, GATEHOUSE_SERVER_DRAIN_TIMEOUT: '1s' } });
    await untilReady(server);
    postgres.freeze();
    try {
      const began = performance.now();
      expect(await server.stop()).toEqual({ code: 0, signal: null });
      expect(performance.now() - began).toBeLessThan(20_000);
    } finally {
      postgres.thaw();
    }
  });
});
