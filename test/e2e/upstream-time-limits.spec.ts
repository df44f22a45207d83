import { performance } from 'node:perf_hooks';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUpstream, eventData, startScriptedServer, type ScriptedRequest, type ScriptedServer } from '#testing';
import { modernClient, openLegacyClient } from './bridge-client.js';
import { startMcpWorld, untilServed, type McpWorld } from './mcp-world.js';

type Json = Record<string, unknown>;

let world: McpWorld;
let upstream: ScriptedServer;
const timers = new Set<NodeJS.Timeout>();

/** Says that a call goes on, every 300 ms, until it is answered after `ms`. */
function goOn(response: ServerResponse, { id, params }: Json, ms: number): void {
  const { _meta } = params as { _meta?: Json };
  const progressToken = _meta?.['progressToken'];
  const began = performance.now();
  let progress = 0;
  const timer = setInterval(() => {
    progress += 1;
    response.write(eventData({ method: 'notifications/progress', params: { progressToken, progress } }));
    if (performance.now() - began < ms) return;
    clearInterval(timer);
    response.end(eventData({ id, result: { content: [{ type: 'text', text: 'at last' }] } }));
  }, 300);
  timers.add(timer);
  response.on('close', () => clearInterval(timer));
}

function answer({ message, response }: ScriptedRequest): void {
  const { id, method, params } = message;
  const json = (result: Json) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  if (method === 'tools/list')
    return void json({
      tools: ['mute', 'stall', 'patient', 'endless'].map((name) => ({ name, inputSchema: { type: 'object' } })),
    });
  if (method !== 'tools/call') return void response.writeHead(405).end();
  const { name } = params as { name: string };
  if (name === 'mute') return;
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  if (name === 'patient') goOn(response, message, 2200);
  if (name === 'endless') goOn(response, message, 60_000);
}

/** One upstream per limit, so that no other limit can be the one that acts. */
const limits = {
  headers: { headersTimeout: '700ms', requestTimeout: '25s', maxRequestTime: '28s' },
  request: { headersTimeout: '25s', requestTimeout: '1s', maxRequestTime: '28s' },
  longest: { headersTimeout: '25s', requestTimeout: '1s', maxRequestTime: '3s' },
} as const;

beforeAll(async () => {
  upstream = await startScriptedServer(answer);
  world = await startMcpWorld({ GATEHOUSE_WORKER_HEALTH_INTERVAL: '1h' });
  for (const [slug, more] of Object.entries(limits)) await addUpstream(world.admin, slug, upstream.url, more);
  await untilServed(world.at('/upstreams/longest/mcp'), world.token);
});
afterAll(async () => {
  for (const timer of timers) clearInterval(timer);
  await world?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

describe.each(['legacy', 'modern'] as const)('[UPT-13] for a %s client', (era) => {
  const call = async (path: string, name: string) => {
    const url = world.at(path);
    const client = era === 'legacy' ? await openLegacyClient(url, world.token) : modernClient(url, world.token);
    const began = performance.now();
    const outcome = await client.call(name, {}, { progressToken: 'p' });
    const ms = performance.now() - began;
    await client.close();
    return { ...outcome, ms };
  };

  it.each([
    ['headers', 'mute', 700],
    ['request', 'mute', 1000],
    ['request', 'stall', 1000],
    ['longest', 'endless', 3000],
  ])('the limit "%s" ends the call of %s after %i ms', async (slug, tool, limitMs) => {
    for (const [path, name] of [
      ['/mcp', `${slug}__${tool}`],
      [`/upstreams/${slug}/mcp`, tool],
    ] as const) {
      const { error, heard, ms } = await call(path, name);
      expect(error?.data, JSON.stringify(error)).toMatchObject({ reason: 'UPSTREAM_TIMEOUT' });
      expect([path, ms > limitMs * 0.9, ms < limitMs * 3]).toEqual([path, true, true]);
      if (tool === 'endless') expect(heard.length).toBeGreaterThan(3);
    }
  });

  it('progress starts the time anew, up to the longest', async () => {
    const { heard, ms, result } = await call('/upstreams/longest/mcp', 'patient');
    expect(result).toMatchObject({ content: [{ text: 'at last' }] });
    expect(heard.length).toBeGreaterThan(3);
    expect(ms).toBeGreaterThan(2000);
  });
});
