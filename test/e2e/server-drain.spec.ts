import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { generateMasterKey } from '#crypto';
import {
  ControlPlaneClient,
  createTestDatabase,
  startFixtureServer,
  startGatehouse,
  until,
  type FixtureServer,
} from '#testing';
import { auditProblems, beginJourney, statusOf, toolCallsIn, type Journey } from './server-support.js';

let upstream: FixtureServer;
beforeAll(async () => {
  upstream = await startFixtureServer({ era: 'legacy' });
});
afterAll(() => upstream.close());

/** A database of its own and the settings of an installation on it. */
async function installation(more: Record<string, string> = {}) {
  const database = await createTestDatabase(inject('pgUrl'));
  const env = {
    DATABASE_URL: database.url,
    GATEHOUSE_MASTER_KEY: generateMasterKey(),
    GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
    ...more,
  };
  return { url: database.url, env, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}

const slowCalls = () =>
  upstream.requests.filter(({ text }) => text.includes('"tools/call"') && text.includes('"slow"')).length;

/** Begins a slow call and waits until its upstream has it. */
async function beginSlowCall({ call }: Journey, ms: number, requestId = randomUUID()) {
  const before = slowCalls();
  const answer = call('slow', { ms }, requestId);
  const early: { text?: string } = {};
  void answer.then(
    ({ text }) => (early.text = text),
    (error: unknown) => (early.text = String(error)),
  );
  await until('the upstream has the call', () => slowCalls() > before || early.text !== undefined);
  expect(early.text).toBeUndefined();
  return { answer, requestId };
}

describe('SIGTERM', () => {
  it('[SRV-3] turns /readyz to 503 while /healthz stays 200, completes the running call and ends with 0', async () => {
    await using place = await installation({ GATEHOUSE_SERVER_DRAIN_DELAY: '2s' });
    await using server = await startGatehouse({ env: place.env });
    const journey = await beginJourney(server, upstream.url);
    const { answer, requestId } = await beginSlowCall(journey, 3_000);
    const ended = server.stop('SIGTERM');
    const began = performance.now();
    await Promise.all(
      [server.gateway, server.controlPlane, server.worker].map(async (url) => {
        await until(`${url} is not ready`, async () => (await statusOf(`${url}/readyz`)) === 503, 5_000);
        expect(await statusOf(`${url}/healthz`)).toBe(200);
      }),
    );
    // The promise is 100 ms; the look itself takes its time, too, for three services on a loaded machine.
    expect(performance.now() - began).toBeLessThan(1_000);
    const late = await journey.call('echo', { text: 'still served' });
    expect(late.text).toContain('still served');
    expect(late.headers.get('connection')).toBe('close');
    await until('nothing new is accepted', async () => (await statusOf(`${server.gateway}/healthz`)) === 0, 5_000);
    const done = await answer;
    expect(done.status).toBe(200);
    expect(done.text).toContain('waited 3000 ms');
    expect(await ended).toEqual({ code: 0, signal: null });
    const record = (await toolCallsIn(place.url)).find(({ id }) => id === requestId);
    expect(record).toMatchObject({ outcome: 'ALLOWED' });
  });

  it('[SRV-3] cuts what outlives the drain timeout, tells the client, and records it', async () => {
    await using place = await installation({ GATEHOUSE_SERVER_DRAIN_TIMEOUT: '500ms' });
    await using server = await startGatehouse({ env: place.env });
    const journey = await beginJourney(server, upstream.url);
    const { answer, requestId } = await beginSlowCall(journey, 60_000);
    const began = performance.now();
    expect(await server.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(10_000);
    const cut = await answer;
    expect(cut.status).toBe(503);
    expect(cut.text).toContain('stopping');
    const record = (await toolCallsIn(place.url)).find(({ id }) => id === requestId);
    expect(record).toMatchObject({ outcome: 'FAILED', reason: 'SERVICE_UNAVAILABLE' });
  });

  it('does not wait for connections on which nobody has said anything', async () => {
    await using place = await installation();
    await using server = await startGatehouse({ env: place.env });
    const { hostname, port } = new URL(server.gateway);
    const silent = connect(Number(port), hostname);
    await once(silent, 'connect');
    const closed = once(silent.resume(), 'close');
    const began = performance.now();
    expect(await server.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(10_000);
    await closed;
  });

  it('a second one ends the process at once, but the same one heard twice does not', async () => {
    await using place = await installation();
    await using server = await startGatehouse({ env: place.env });
    const journey = await beginJourney(server, upstream.url);
    const { answer } = await beginSlowCall(journey, 60_000);
    const lost = answer.then(
      () => 'answered',
      () => 'lost',
    );
    const ended = server.stop('SIGINT');
    // Ctrl-C below npm: npm passes on what the terminal has sent already.
    server.child.kill('SIGINT');
    await until('it stops', async () => (await statusOf(`${server.controlPlane}/readyz`)) === 503, 5_000);
    // Impatience begins half a second after the first signal.
    const began = performance.now();
    await until('half a second has passed', () => performance.now() - began > 600);
    expect(server.child.exitCode).toBeNull();
    server.child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 1, signal: null });
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(await lost).toBe('lost');
  });
});

describe('the audit log', () => {
  /** Calls without pause on some connections until the server is gone; remembers what was sent and when it was answered. */
  function load(journey: Journey) {
    const sent = new Set<string>();
    const answered = new Map<string, number>();
    const caller = async (): Promise<void> => {
      for (;;) {
        const id = randomUUID();
        sent.add(id);
        const answer = await journey.call('echo', { text: 'load' }, id).catch(() => null);
        if (!answer) return;
        if (answer.status === 200) answered.set(id, performance.now());
      }
    };
    return { sent, answered, gone: Promise.all(Array.from({ length: 8 }, caller)) };
  }

  it('[TRL-3] loses no record of an answered call when the server is told to stop under load', async () => {
    await using place = await installation();
    await using server = await startGatehouse({ env: place.env });
    const journey = await beginJourney(server, upstream.url);
    const before = (await toolCallsIn(place.url)).length;
    const { sent, answered, gone } = load(journey);
    await until('there is load', () => answered.size > 150);
    expect(await server.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    await gone;
    const records = (await toolCallsIn(place.url)).slice(before).filter(({ id }) => sent.has(id));
    const recorded = new Set(records.map(({ id }) => id));
    expect(records).toHaveLength(recorded.size);
    expect([...answered.keys()].filter((id) => !recorded.has(id))).toEqual([]);
    // Whatever was recorded without an answer was under way when the connection closed: at most one call a caller.
    expect(recorded.size - answered.size).toBeLessThanOrEqual(8);
  });

  it('[TRL-3] loses at most the last flush when the server is killed, and says nothing wrong afterwards', async () => {
    await using place = await installation();
    const flushMs = 200;
    await using server = await startGatehouse({ env: place.env });
    const journey = await beginJourney(server, upstream.url);
    const { answered, gone } = load(journey);
    await until('there is load', () => answered.size > 150);
    const killedAt = performance.now();
    expect(await server.stop('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    await gone;
    const recorded = new Set((await toolCallsIn(place.url)).map(({ id }) => id));
    const lost = [...answered].filter(([id]) => !recorded.has(id)).map(([, at]) => killedAt - at);
    // One flush interval and the time of one write, three times over for a loaded machine.
    expect(lost.filter((age) => age > 3 * flushMs + 400)).toEqual([]);
    await using again = await startGatehouse({ env: place.env });
    const admin = new ControlPlaneClient(again.controlPlane).withToken(journey.token);
    expect(await auditProblems(admin)).toEqual({ valid: true, problems: [] });
  });
});
