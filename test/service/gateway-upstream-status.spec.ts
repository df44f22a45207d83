import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startScriptedServer, type ScriptedServer } from '#testing';
import { endpoint, legacy, modern, startTestGateway, upstreamTarget, type TestGateway } from './gateway-harness.js';

const streamAbove = 16 * 1024;
/** What the upstream answers now: a status, and an error of this code with so much about it. */
let now: { status: number; code: number; filler: string; asStream: boolean };

let upstream: ScriptedServer;
let gateway: TestGateway;
let tokens: Record<'LEGACY' | 'MODERN', string>;

beforeAll(async () => {
  upstream = await startScriptedServer(({ message, response }) => {
    const { asStream, code, filler, status } = now;
    const error = { code, message: 'no', data: { filler } };
    const body = JSON.stringify({ jsonrpc: '2.0', id: message['id'], error });
    response.writeHead(status, { 'content-type': asStream ? 'text/event-stream' : 'application/json' });
    response.end(asStream ? `data: ${body}\n\n` : body);
  });
  gateway = await startTestGateway({ GATEHOUSE_OUTBOUND_STREAM_ABOVE: `${streamAbove}b` });
  const granted = (['LEGACY', 'MODERN'] as const).map((era) => {
    const protocolVersion = era === 'LEGACY' ? '2025-11-25' : '2026-07-28';
    const target = upstreamTarget('up', upstream.url, { era, protocolVersion, capabilities: '{"tools":{}}' });
    const tools = [{ definition: { name: 'fail', inputSchema: { type: 'object' } }, run: () => ({}) }];
    const catalogue = { tools, resources: [], resourceTemplates: null, prompts: [] };
    const part = { upstream: target, catalogue, prefixed: false };
    const { token } = gateway.grant({
      aggregate: endpoint({ kind: 'aggregate', slug: null }, [{ ...part, prefixed: true }]),
      servers: { s: endpoint({ kind: 'virtual-server', slug: 's' }, [part]) },
      upstreams: { up: { ...endpoint({ kind: 'upstream', slug: 'up' }, [part]), subjectId: target.id } },
    });
    return [era, token] as const;
  });
  tokens = Object.fromEntries(granted) as typeof tokens;
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const composed = ['/mcp', '/servers/s/mcp'];
const passThrough = '/upstreams/up/mcp';
const eras = ['LEGACY', 'MODERN'] as const;
const statuses = [200, 400, 404, 405, 409, 413, 415, 422];
const good = [200, 202, 206];
const ways = [
  ['in one piece', '', false, statuses],
  // One with a bad status is not read when it is large.
  ['larger than what is held', 'x'.repeat(4 * streamAbove), false, good],
  ['as an event stream', '', true, statuses],
] as const;

async function answerAt(path: string, clientEra: (typeof eras)[number], upstreamEra: (typeof eras)[number]) {
  const params = { name: path === '/mcp' ? 'up__fail' : 'fail', arguments: {} };
  const made = clientEra === 'MODERN' ? modern('tools/call', params) : { body: legacy('tools/call', params) };
  const headers = 'headers' in made ? made.headers : {};
  const { json, status } = await gateway.post(path, tokens[upstreamEra], made.body, headers);
  return [status, (json as { error: { code: number } }).error.code];
}

describe.each(ways)('[HST-5] an error of an upstream, %s', (_way, filler, asStream, sent) => {
  it.each([
    [-32700, 400],
    [-32600, 400],
    [-32601, 404],
    [-32602, 200],
    [-32603, 200],
    [-32050, 200],
    [42, 200],
  ])('%i has status %i for modern clients of what is composed, and 200 for legacy ones', async (code, expected) => {
    for (const status of sent) {
      now = { status, code, filler, asStream };
      for (const path of composed) {
        expect([path, status, await answerAt(path, 'MODERN', 'MODERN')]).toEqual([path, status, [expected, code]]);
        expect([path, status, await answerAt(path, 'LEGACY', 'MODERN')]).toEqual([path, status, [200, code]]);
      }
    }
    // A legacy upstream's 400 and 404 may be about its session.
    now = { status: sent.at(-1) ?? 200, code, filler, asStream };
    for (const path of [...composed, passThrough]) {
      expect([path, await answerAt(path, 'MODERN', 'LEGACY')]).toEqual([path, [expected, code]]);
      expect([path, await answerAt(path, 'LEGACY', 'LEGACY')]).toEqual([path, [200, code]]);
    }
  });

  it('keeps its status through a modern pass-through where the revision knows it', async () => {
    for (const [code, ofCode] of [
      [-32600, 400],
      [-32602, 200],
      [-32021, 400],
      [42, 200],
    ] as const)
      for (const status of sent) {
        now = { status, code, filler, asStream };
        const expected = [200, 400, 404].includes(status) ? status : ofCode;
        expect([status, await answerAt(passThrough, 'MODERN', 'MODERN')]).toEqual([status, [expected, code]]);
      }
  });

  it('is a failing upstream, told in-band, where the status is 429 or 5xx', async () => {
    for (const status of [429, 500, 502, 503, 504]) {
      now = { status, code: -32602, filler, asStream };
      for (const path of [...composed, passThrough])
        expect([path, status, await answerAt(path, 'MODERN', 'MODERN')]).toEqual([path, status, [200, -31002]]);
    }
  });
});

it('[HST-5] a large error of an upstream with a bad status is not read, and told in-band', async () => {
  for (const status of statuses.filter((one) => one !== 200)) {
    now = { status, code: -32602, filler: 'x'.repeat(4 * streamAbove), asStream: false };
    for (const path of [...composed, passThrough])
      expect([path, status, await answerAt(path, 'MODERN', 'MODERN')]).toEqual([path, status, [200, -31002]]);
  }
});
