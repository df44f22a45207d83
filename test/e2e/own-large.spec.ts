import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUpstream, freePort, startScriptedServer, type ScriptedServer } from '#testing';
import { gauge } from '../security/gauge.js';
import { startMcpWorld, untilServed, type McpWorld } from './mcp-world.js';

const mib = 1024 ** 2;
const path = '/upstreams/up/mcp';
/** So many calls at once … */
const calls = 4;
/** … each of which is answered with more than so much. */
const answerMiB = 50;
/** What the process grows by at most meanwhile: buffers on their way, and what has not been collected of them yet. */
const grownAtMostMiB = 160;

const piece = 'ü\\"{[]}'.repeat(7000);
const pieces = Math.ceil((answerMiB * mib) / Buffer.byteLength(piece));
const begin = '{"jsonrpc":"2.0","id":"mine","result":{"vendor":1e400,"content":[{"type":"text","text":"';
const end = '"}]} }';

let world: McpWorld;
let upstream: ScriptedServer;
let metricsUrl: string;

beforeAll(async () => {
  upstream = await startScriptedServer(({ message, response }) => {
    const json = response.writeHead(200, { 'content-type': 'application/json' });
    if (message['method'] !== 'tools/call') {
      json.end(JSON.stringify({ jsonrpc: '2.0', id: message['id'], result: { tools: [] } }));
      return;
    }
    response.write(begin.replace('"mine"', JSON.stringify(message['id'])));
    let sent = 0;
    const more = () => {
      while (sent < pieces) {
        sent++;
        if (response.write(piece)) continue;
        response.once('drain', more);
        return;
      }
      response.end(end);
    };
    more();
  });
  const metricsPort = await freePort();
  metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
  world = await startMcpWorld({
    GATEHOUSE_METRICS_PORT: String(metricsPort),
    GATEHOUSE_OUTBOUND_MAX_RESPONSE: '64MiB',
    // The machine may be busy.
    GATEHOUSE_MCP_SLOW_CLIENT_TIMEOUT: '60s',
  });
  await addUpstream(world.admin, 'up', upstream.url);
  await untilServed(world.at(path), world.token);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

const resident = async () => (await gauge(metricsUrl, 'process_resident_memory_bytes')) / mib;

/** Calls, and reads the answer as it comes. @returns its digest */
async function readAnswer(): Promise<string> {
  const response = await fetch(world.at(path), {
    method: 'POST',
    headers: { authorization: `Bearer ${world.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 'mine', method: 'tools/call', params: { name: 'large' } }),
  });
  const hash = createHash('sha256');
  for await (const chunk of response.body ?? []) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

describe('[OWT-6] [LNK-16] answers in which nothing has to change', () => {
  it(`${calls} of ${answerMiB} MB at once arrive byte for byte and are never held`, async () => {
    const expected = createHash('sha256').update(begin).update(piece.repeat(pieces)).update(end).digest('hex');
    const before = await resident();
    let most = before;
    const state = { isOver: false };
    const digests = Promise.all(Array.from({ length: calls }, readAnswer)).finally(() => (state.isOver = true));
    digests.catch(() => undefined);
    while (!state.isOver) most = Math.max(most, await resident());
    expect(await digests).toEqual(Array.from({ length: calls }, () => expected));
    process.stdout.write(`${calls} times ${answerMiB} MB from ${path}: +${(most - before).toFixed(0)} MiB\n`);
    expect(most - before).toBeLessThan(grownAtMostMiB);
  });
});
