import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUpstream, callMcp, eventData, freePort, startScriptedServer, until, type ScriptedServer } from '#testing';
import { gauge } from '../security/gauge.js';
import { startMcpWorld, untilServed, type McpWorld } from './mcp-world.js';

const mib = 1024 ** 2;
const limitMiB = 64;
const headersTimeoutMs = 2000;
const slowMs = 500;
/** An event has to be read as a whole: as bytes, as text, as a value, and as the text and bytes that go on. */
const eventFactor = 5;
/** What a process grows by at most while any number of bytes pass through it that are not held. */
const passedMiB = 128;

let world: McpWorld;
let upstream: ScriptedServer;
let metricsUrl: string;
let port: number;
/** Streams that the upstream still writes to. */
let streaming = 0;

/** Writes `parts` to a reader, as fast as it reads; null never ends. */
function pour(response: ServerResponse, count: number | null, part: (index: number) => string, end: string): void {
  let index = 0;
  const more = () => {
    for (;;) {
      if (response.destroyed) return;
      if (index === count) {
        response.end(end);
        return;
      }
      if (!response.write(part(index++))) break;
    }
    response.once('drain', more);
  };
  more();
}

const toolNames = ['echo', 'flood', 'large-json', 'large-event', 'too-large', 'too-large-error'];

beforeAll(async () => {
  upstream = await startScriptedServer(({ message, response }) => {
    const { id, method, params } = message as {
      id: unknown;
      method: string;
      params?: { name?: string; _meta?: { progressToken?: unknown } };
    };
    const json = (result: object) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    if (method === 'tools/list')
      return void json({ tools: toolNames.map((name) => ({ name, inputSchema: { type: 'object' } })) });
    if (method !== 'tools/call') return void response.writeHead(405).end();
    const begin = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[{"type":"text","text":"`;
    const piece = 'x'.repeat(64 * 1024);
    streaming += 1;
    response.once('close', () => (streaming -= 1));
    switch (params?.name) {
      case 'flood':
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        return pour(
          response,
          null,
          (n) =>
            eventData({ method: 'notifications/message', params: { level: 'error', data: `${n}${'x'.repeat(2000)}` } }),
          '',
        );
      case 'large-json':
      case 'too-large':
        response.writeHead(200, { 'content-type': 'application/json' }).write(begin);
        return pour(response, params.name === 'too-large' ? 2 * limitMiB * 16 : 50 * 16, () => piece, '"}]}}');
      case 'large-event':
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${begin}`);
        return pour(response, 50 * 16, () => piece, '"}]}}\n\n');
      case 'too-large-error':
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .write(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":{"code":1,"message":"`);
        return pour(response, 2 * limitMiB * 16, () => piece, '"}}');
      default:
        return void json({ content: [{ type: 'text', text: 'echo' }] });
    }
  });
  const metricsPort = await freePort();
  metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
  world = await startMcpWorld({
    GATEHOUSE_METRICS_PORT: String(metricsPort),
    GATEHOUSE_MCP_SLOW_CLIENT_TIMEOUT: `${slowMs}ms`,
    GATEHOUSE_OUTBOUND_REQUEST_TIMEOUT: '5s',
    GATEHOUSE_MCP_HEADERS_TIMEOUT: `${headersTimeoutMs}ms`,
    GATEHOUSE_OUTBOUND_MAX_RESPONSE: `${limitMiB}MiB`,
    GATEHOUSE_LIMITS_TOKEN_PER_MINUTE: '0',
  });
  port = Number(new URL(world.gatehouse.gateway).port);
  await addUpstream(world.admin, 'up', upstream.url);
  await untilServed(world.at('/upstreams/up/mcp'), world.token);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

const resident = () => gauge(metricsUrl, 'process_resident_memory_bytes');
const say = (line: string) => void process.stdout.write(`${line}\n`);

/** Samples the memory of the process, and how long `/healthz` takes, until `done`. */
async function watch(done: Promise<unknown>) {
  const state = { over: false };
  void done.finally(() => (state.over = true)).catch(() => undefined);
  const before = await resident();
  let most = before;
  const times: number[] = [];
  while (!state.over) {
    const began = performance.now();
    expect((await fetch(`${world.gatehouse.gateway}/healthz`)).status).toBe(200);
    times.push(performance.now() - began);
    most = Math.max(most, await resident());
  }
  const sorted = times.toSorted((a, b) => a - b);
  return {
    grownMiB: (most - before) / mib,
    median: sorted[Math.floor(sorted.length / 2)] ?? 0,
    slowest: sorted.at(-1) ?? 0,
  };
}

const modernMeta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' },
  'io.modelcontextprotocol/logLevel': 'debug',
};

/** Calls a tool over a connection of its own, and leaves the answer unread. */
function unread(name: string, path: string, modern: boolean): { rest(): Promise<number> } {
  const tool = path === '/mcp' ? `up__${name}` : name;
  const params = { name: tool, arguments: {}, ...(modern ? { _meta: modernMeta } : {}) };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${world.token}`,
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    `Content-Length: ${body.length}`,
    ...(modern ? ['MCP-Protocol-Version: 2026-07-28', 'Mcp-Method: tools/call', `Mcp-Name: ${tool}`] : []),
  ];
  const socket = connect(port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`));
  socket.pause();
  socket.on('error', () => undefined);
  return {
    /** Reads what is left; resolves with the number of bytes once the connection is over. */
    rest: () =>
      new Promise((resolve) => {
        let bytes = 0;
        socket.on('data', (chunk) => {
          bytes += chunk.length;
          // Everything came: that is not what cutting means.
          if (bytes > 50 * mib) socket.destroy();
        });
        socket.once('close', () => resolve(bytes));
        socket.resume();
      }),
  };
}

describe('[OWT-5] clients that do not read', () => {
  it.each([
    ['flood', '/mcp', true],
    ['flood', '/upstreams/up/mcp', false],
    ['large-json', '/upstreams/up/mcp', false],
    ['large-event', '/mcp', true],
  ])('%s from %s (modern: %s): cut, with bounded memory, and nobody else waits', async (name, path, modern) => {
    const count = 4;
    const clients = Array.from({ length: count }, () => unread(name, path, modern));
    const began = performance.now();
    const late = until('they should be cut', () => performance.now() - began > (name === 'flood' ? 6 : 12) * slowMs);
    const others = (async () => {
      for (let round = 0; round < 20; round += 1)
        expect(
          (await callMcp(world.at('/mcp'), world.token, 'tools/call', { name: 'up__echo', arguments: {} })).text,
        ).toContain('echo');
    })();
    const { grownMiB, median, slowest } = await watch(Promise.all([late, others]));
    const bytes = await Promise.all(clients.map(({ rest }) => rest()));
    say(
      `${count} clients that do not read ${name} from ${path}: +${grownMiB.toFixed(0)} MiB, /healthz ${median.toFixed(1)} ms, at most ${slowest.toFixed(0)} ms, cut after ${Math.round(Math.max(...bytes) / 1024)} KiB`,
    );
    for (const got of bytes) expect(got).toBeLessThan(40 * mib);
    // An event is there as a whole when it is found that nobody takes it; of everything else nearly nothing is kept.
    expect(grownMiB).toBeLessThan(name === 'large-event' ? count * eventFactor * limitMiB : 2 * limitMiB);
    expect(median).toBeLessThan(100);
    await until('the upstream is left', () => streaming === 0, 15_000);
  });
});

describe('[OWT-6] an answer', () => {
  it.each([
    ['large-json', '/mcp'],
    ['large-json', '/upstreams/up/mcp'],
    ['large-event', '/mcp'],
    ['large-event', '/upstreams/up/mcp'],
  ])('of 50 MB arrives whole (%s from %s)', async (name, path) => {
    const tool = path === '/mcp' ? `up__${name}` : name;
    const call = callMcp(world.at(path), world.token, 'tools/call', { name: tool, arguments: {} });
    const { grownMiB, median } = await watch(call);
    const answer = await call;
    say(`50 MB of ${name} from ${path}: +${grownMiB.toFixed(0)} MiB, /healthz ${median.toFixed(1)} ms`);
    const { content } = (answer.body?.result ?? {}) as { content?: { text: string }[] };
    expect(content?.[0]?.text.length).toBe(50 * mib);
    expect(grownMiB).toBeLessThan(name === 'large-json' ? 2 * limitMiB : eventFactor * limitMiB);
  });

  it('beyond the limit is refused where it is held, with bounded memory', async () => {
    const call = callMcp(world.at('/mcp'), world.token, 'tools/call', { name: 'up__too-large-error', arguments: {} });
    const { grownMiB } = await watch(call);
    const answer = await call;
    say(`${2 * limitMiB} MB from /mcp: +${grownMiB.toFixed(0)} MiB`);
    expect([answer.status, answer.body?.error]).toMatchObject([
      200,
      { code: -31002, data: { reason: 'UPSTREAM_TOO_LARGE' } },
    ]);
    expect(grownMiB).toBeLessThan(2 * limitMiB);
    await until('the upstream is left', () => streaming === 0);
  });

  it.each([
    ['/upstreams/up/mcp', 'too-large'],
    ['/mcp', 'up__too-large'],
  ])('beyond the limit breaks off where it passes as it comes (%s)', async (path, name) => {
    const call = callMcp(world.at(path), world.token, 'tools/call', { name, arguments: {} });
    call.catch(() => undefined);
    const { grownMiB } = await watch(call.catch(() => undefined));
    await expect(call).rejects.toThrow('terminated');
    say(`${2 * limitMiB} MB from ${path}: +${grownMiB.toFixed(0)} MiB`);
    expect(grownMiB).toBeLessThan(passedMiB);
    await until('the upstream is left', () => streaming === 0);
  });
});

it('[OWT-7] clients that send a byte a second are cut off, and nobody waits for them', async () => {
  const head = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${world.token}\r\nContent-Type: application/json\r\n`;
  const texts = {
    nothing: '',
    'half a head': head,
    'a head and no body': `${head}Content-Length: 1000\r\n\r\n`,
    'chunks of one byte': `${head}Transfer-Encoding: chunked\r\n\r\n`,
    'a body without end for a stranger': `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`,
  };
  const next = { 'chunks of one byte': '1\r\nx\r\n', 'half a head': 'X' } as Record<string, string>;
  const began = performance.now();
  const ends = Object.entries(texts).flatMap(([name, text]) =>
    Array.from(
      { length: 40 },
      () =>
        new Promise<{ name: string; ms: number }>((resolve) => {
          const socket = connect(port, '127.0.0.1', () => socket.write(text));
          const drip = setInterval(() => socket.write(next[name] ?? 'x'), 1000);
          socket.on('data', () => undefined);
          socket.on('error', () => undefined);
          socket.once('close', () => {
            clearInterval(drip);
            resolve({ name, ms: performance.now() - began });
          });
        }),
    ),
  );
  const all = Promise.all(ends);
  const { median, slowest } = await watch(all);
  const latest = new Map<string, number>();
  for (const { name, ms } of await all) latest.set(name, Math.max(latest.get(name) ?? 0, ms));
  say(
    `200 slow clients: ${[...latest].map(([name, ms]) => `${name} ${(ms / 1000).toFixed(1)} s`).join(', ')}; /healthz ${median.toFixed(1)} ms, at most ${slowest.toFixed(0)} ms`,
  );
  for (const [name, ms] of latest) expect([name, ms < 3 * headersTimeoutMs + 2000]).toEqual([name, true]);
  expect(median).toBeLessThan(100);
});
