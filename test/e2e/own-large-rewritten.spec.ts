import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUpstream, addVirtualServer, freePort, startScriptedServer, type ScriptedServer } from '#testing';
import { gauge } from '../security/gauge.js';
import { startMcpWorld, untilServed, type McpWorld } from './mcp-world.js';

type Era = 'legacy' | 'modern';

const mib = 1024 ** 2;
const calls = 2;
const answerMiB = 50;
/** What the process grows by at most meanwhile: buffers on their way, and what has not been collected of them yet. */
const grownAtMostMiB = 160;
const piece = 'ü\\"{[]}'.repeat(7000);
const pieces = Math.ceil((answerMiB * mib) / Buffer.byteLength(piece));

/** Before and behind the bulk of an answer; `text` ends in the midst of a string. */
const answerOf = (id: unknown, result: string, link: string, resource: string, end: string) => ({
  begin: `{"result":{${result}"vendor":1e400,"content":[{"type":"resource_link","uri":"${link}","name":"a"},{"resource":{${resource}"text":"`,
  end: `${end}},"type":"resource"}]`,
  rest: (more: string) => `${more}},"jsonrpc":"2.0","id":${JSON.stringify(id)}}`,
});
/** As the upstreams send it; the type of a modern result stands behind everything, as SDKs write it. */
const sent = (era: Era, id: unknown) => {
  const { begin, end, rest } = answerOf(id, '', 'file:///a', '"uri":"file:///b",', '"');
  return { begin, end: `${end}${rest(era === 'modern' ? ',"resultType":"complete"' : '')}` };
};

let world: McpWorld;
const upstreams: ScriptedServer[] = [];
let metricsUrl: string;
/** Pieces that the upstream has written to its last call. */
let written = 0;
/** What the process needed before the first of them. */
let before = 0;

function pour(response: ServerResponse, era: Era, id: unknown, many: number): void {
  const { begin, end } = sent(era, id);
  response.writeHead(200, { 'content-type': 'application/json' }).write(begin);
  let count = 0;
  const more = () => {
    if (response.destroyed) return;
    while (count < many) {
      written = ++count;
      if (response.write(piece)) continue;
      response.once('drain', more);
      return;
    }
    response.end(end);
  };
  more();
}

const startUpstream = (era: Era): Promise<ScriptedServer> =>
  startScriptedServer(
    ({ message, response }) => {
      const { id, method, params } = message as { id: unknown; method: string; params?: { name?: string } };
      if (method === 'tools/call') {
        pour(response, era, id, params?.name === 'endless' ? 10 * pieces : pieces);
        return;
      }
      const modern = { resultType: 'complete', ttlMs: 0, cacheScope: 'private', _meta: serverInfo };
      const discovered = { supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, ...modern };
      const tools = ['large', 'endless'].map((name) => ({ name, inputSchema: { type: 'object' } }));
      const result = method === 'server/discover' ? discovered : { tools, ...(era === 'modern' ? modern : {}) };
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    },
    era === 'legacy' ? 'legacy' : 'none',
  );
const serverInfo = { 'io.modelcontextprotocol/serverInfo': { name: 'scripted', version: '1' } };

beforeAll(async () => {
  const metricsPort = await freePort();
  metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
  world = await startMcpWorld({
    GATEHOUSE_METRICS_PORT: String(metricsPort),
    GATEHOUSE_OUTBOUND_MAX_RESPONSE: '1GiB',
    // The machine may be busy.
    GATEHOUSE_MCP_SLOW_CLIENT_TIMEOUT: '60s',
  });
  for (const era of ['legacy', 'modern'] as const) {
    const upstream = await startUpstream(era);
    upstreams.push(upstream);
    const id = await addUpstream(world.admin, era, upstream.url);
    await addVirtualServer(world.admin, `only-${era}`, id, ['large']);
    await untilServed(world.at(`/servers/only-${era}/mcp`), world.token);
  }
  before = await resident();
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  for (const upstream of upstreams) await upstream[Symbol.asyncDispose]();
});

const resident = async () => (await gauge(metricsUrl, 'process_resident_memory_bytes')) / mib;

/** Calls the tool; the answer is not read yet. */
function call(client: Era, path: string, name: string, signal: AbortSignal | null = null): Promise<Response> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    // Who can be asked has its calls kept while it thinks.
    'io.modelcontextprotocol/clientCapabilities': { elicitation: {}, sampling: {} },
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  };
  const modern = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name };
  const params = { name, arguments: {}, ...(client === 'modern' ? { _meta: meta } : {}) };
  return fetch(world.at(path), {
    method: 'POST',
    signal,
    headers: {
      authorization: `Bearer ${world.token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(client === 'modern' ? modern : {}),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 'mine', method: 'tools/call', params }),
  });
}

/** Reads an answer as it comes. @returns the digest of all of it, and its end */
async function read(response: Response): Promise<{ digest: string; tail: string }> {
  const hash = createHash('sha256');
  let tail = '';
  for await (const chunk of response.body ?? []) {
    hash.update(chunk as Uint8Array);
    tail = (tail + Buffer.from(chunk as Uint8Array).toString('latin1')).slice(-600);
  }
  return { digest: hash.digest('hex'), tail };
}

const eras = ['legacy', 'modern'] as const;
const cells = eras.flatMap((client) =>
  eras.flatMap((upstream) => (['/mcp', '/servers'] as const).map((at) => [client, upstream, at] as const)),
);

describe('[STR-5] answers in which names have to change', () => {
  it.each(cells)(
    `${calls} of ${answerMiB} MB at once are never held (%s client, %s upstream, %s)`,
    async (client, era, at) => {
      const isAggregate = at === '/mcp';
      const path = isAggregate ? at : `/servers/only-${era}/mcp`;
      const name = isAggregate ? `${era}__large` : 'large';
      let most = before;
      const state = { isOver: false };
      const one = async () => read(await call(client, path, name));
      const answers = Promise.all(Array.from({ length: calls }, one)).finally(() => (state.isOver = true));
      answers.catch(() => undefined);
      while (!state.isOver) most = Math.max(most, await resident());
      const uri = (original: string) => (isAggregate ? `gatehouse:${era}:${original}` : original);
      const parts = isAggregate
        ? // The type of the block stands behind it, so the URI waits for it.
          answerOf('mine', '', uri('file:///a'), '', `","uri":"${uri('file:///b')}"`)
        : answerOf('mine', '', 'file:///a', '"uri":"file:///b",', '"');
      for (const { digest, tail } of await answers) {
        const added = /(?<="type":"resource"\}\]).*(?=\},"jsonrpc")/.exec(tail)?.[0] ?? '';
        const expected = createHash('sha256').update(parts.begin).update(piece.repeat(pieces)).update(parts.end);
        expect([digest, tail]).toEqual([expected.update(parts.rest(added)).digest('hex'), expect.any(String)]);
        const gatehouse = { 'io.modelcontextprotocol/serverInfo': expect.objectContaining({ name: 'gatehouse' }) };
        const more =
          client === 'legacy' ? {} : { resultType: 'complete', ...(era === 'legacy' ? { _meta: gatehouse } : {}) };
        expect(JSON.parse(`{"":0${added}}`)).toEqual({ '': 0, ...more });
      }
      process.stdout.write(
        `${calls} times ${answerMiB} MB from ${path}, ${client} client, ${era} upstream: +${(most - before).toFixed(0)} MiB\n`,
      );
      expect(most - before).toBeLessThan(grownAtMostMiB);
    },
  );

  it.each(eras)('come from the upstream no faster than the client reads (%s upstream)', async (era) => {
    written = 0;
    const given = new AbortController();
    const response = await call('modern', '/mcp', `${era}__endless`, given.signal);
    let last = -1;
    await expect.poll(() => last === (last = written) && written > 0, { interval: 300, timeout: 20_000 }).toBe(true);
    expect(response.status).toBe(200);
    // The system may buffer some 70 MB on its way.
    expect(written).toBeLessThan(3 * pieces);
    given.abort();
  });
});
