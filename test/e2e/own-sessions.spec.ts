import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { generateMasterKey } from '#crypto';
import { createTestDatabase, freePort, signUpAdmin, startGatehouse, type Gatehouse, type TestDatabase } from '#testing';
import { withCollector } from '../fuzz/fuzz-world.js';
import { gauge } from '../security/gauge.js';

// As SES-15, but in the process that serves them, over HTTP, with everything that a request leaves behind.

const sessions = 10_000;
const warmUp = 500;
const bytesPerSession = 5 * 1024;

let database: TestDatabase;
let gatehouse: Gatehouse;
let token: string;
let metricsUrl: string;
const agent = new Agent({ keepAlive: true, maxSockets: 16 });

beforeAll(async () => {
  database = await createTestDatabase(inject('pgUrl'));
  const metricsPort = await freePort();
  metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
  gatehouse = await startGatehouse({
    env: {
      DATABASE_URL: database.url,
      GATEHOUSE_MASTER_KEY: generateMasterKey(),
      GATEHOUSE_METRICS_PORT: String(metricsPort),
      GATEHOUSE_LIMITS_TOKEN_PER_MINUTE: '0',
      GATEHOUSE_LOG_LEVEL: 'warn',
      NODE_OPTIONS: withCollector(),
    },
  });
  ({ token } = await signUpAdmin(gatehouse));
});
afterAll(async () => {
  agent.destroy();
  await gatehouse?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: { roots: {}, sampling: {} },
    clientInfo: { name: 'a client', version: '1.2.3' },
  },
});

/** Posts one message, and returns its status and session. */
const post = (body: string, session?: string): Promise<{ status: number; session: string }> =>
  new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${token}`,
      ...(session === undefined ? {} : { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }),
    };
    const sent = request(`${gatehouse.gateway}/mcp`, { method: 'POST', headers, agent }, (response) => {
      response.resume();
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, session: String(response.headers['mcp-session-id']) }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });

async function begin(count: number): Promise<string[]> {
  const ids: string[] = [];
  let left = count;
  const worker = async () => {
    while (left-- > 0) ids.push((await post(initialize)).session);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return ids;
}

/** Bytes that are still needed after everything else was collected: the least of several looks. */
async function memory(): Promise<number> {
  const looks: number[] = [];
  for (let look = 0; look < 5; look += 1) {
    gatehouse.child.kill('SIGUSR2');
    looks.push(
      (await gauge(metricsUrl, 'nodejs_heap_size_used_bytes')) +
        (await gauge(metricsUrl, 'nodejs_external_memory_bytes')),
    );
  }
  return Math.min(...looks);
}

it('[OWT-8] 10,000 idle sessions take at most 5 KB each, and the gateway stays quick', async () => {
  await begin(warmUp);
  const before = await memory();
  const ids = await begin(sessions);
  expect(new Set(ids).size).toBe(sessions);
  expect(await gauge(metricsUrl, 'gatehouse_client_sessions')).toBe(sessions + warmUp);
  const each = ((await memory()) - before) / sessions;
  const times: number[] = [];
  for (let round = 0; round < 50; round += 1) {
    const began = performance.now();
    expect((await fetch(`${gatehouse.gateway}/healthz`)).status).toBe(200);
    times.push(performance.now() - began);
  }
  const median = times.toSorted((a, b) => a - b)[25] ?? 0;
  process.stdout.write(`${Math.round(each)} bytes per idle session, /healthz ${median.toFixed(2)} ms\n`);
  expect(each).toBeLessThan(bytesPerSession);
  expect(median).toBeLessThan(100);
  const ping = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'ping' });
  for (const id of [ids[0], ids[4999], ids[9999]]) expect((await post(ping, id)).status).toBe(200);
});
