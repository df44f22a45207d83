import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPool, SYSTEM_ROLE } from '#postgres';
import { addUpstream, callModern, freePort, postMcp, until } from '#testing';
import { openRequest } from '../service/stream-client.js';
import { untilServed } from '../e2e/mcp-world.js';
import { gauge } from './gauge.js';
import { rawAnswer } from './raw-answer.js';
import { startSecurityWorld, type SecurityWorld } from './security-world.js';

// Items 12 to 14 of the plan's list of bad input. What other files prove already: HST-2 (framing, keys, ids), BAD-11 to BAD-14, HST-3
// (CORS), HST-4 (headers of an upstream in JSON answers).

type Json = Record<string, unknown>;

let world: SecurityWorld;
let metricsUrl: string;
let port: number;
const limits = { body: 64 * 1024, depth: 12, keys: 60, answer: 1024 * 1024 };
const call = (params: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;

beforeAll(async () => {
  const metricsPort = String(await freePort());
  metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
  world = await startSecurityWorld({
    GATEHOUSE_METRICS_PORT: metricsPort,
    GATEHOUSE_MCP_MAX_BODY: '64KiB',
    GATEHOUSE_MCP_MAX_DEPTH: String(limits.depth),
    GATEHOUSE_MCP_MAX_KEYS: String(limits.keys),
    GATEHOUSE_OUTBOUND_MAX_RESPONSE: '1MiB',
    GATEHOUSE_GATEWAY_ALLOWED_ORIGINS: 'https://console.example',
  });
  port = Number(new URL(world.gatehouse.gateway).port);
});
afterAll(() => world?.[Symbol.asyncDispose]());
beforeEach(() => world.forget());

describe('[BAD-29] at a limit and one beyond', () => {
  const name = 'old__echo';
  const filled = (length: number) => {
    const empty = call(`{"name":"${name}","arguments":{"text":""}}`);
    return empty.replace('"text":""', `"text":"${'x'.repeat(length - empty.length)}"`);
  };
  // The message, params and arguments are three levels themselves.
  const nested = (depth: number) =>
    call(`{"name":"${name}","arguments":{"text":"x","a":${'['.repeat(depth - 3)}${']'.repeat(depth - 3)}}}`);
  const keyed = (count: number) => {
    const extra = Array.from({ length: count - 7 }, (_, index) => `"k${index}":1`).join(',');
    return call(`{"name":"${name}","arguments":{"text":"x",${extra}}}`);
  };

  it.each<[string, (size: number) => string, number, number]>([
    ['bytes', filled, limits.body, 413],
    ['levels', nested, limits.depth, 400],
    ['keys', keyed, limits.keys, 400],
  ])('%s', async (_name, make, limit, status) => {
    for (const path of ['/mcp', '/servers/all/mcp']) {
      const over = await postMcp(world.at(path), world.token, make(limit + 1));
      expect([over.status, over.body?.error !== undefined]).toEqual([status, true]);
      expect(world.reached()).toBe(0);
      const right = await postMcp(world.at(path), world.token, make(limit));
      expect([right.status, right.body?.result !== undefined]).toEqual([200, true]);
      expect(world.reached()).toBeGreaterThan(0);
      world.forget();
    }
  });

  it('bytes of a body of unknown length', async () => {
    const response = await fetch(world.at('/mcp'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${world.token}` },
      body: new Blob([filled(limits.body + 1)]).stream(),
      duplex: 'half',
    });
    expect([response.status, world.reached()]).toEqual([413, 0]);
  });

  it('bytes and number of headers: 431, whatever call they carry', async () => {
    const body = call(`{"name":"${name}","arguments":{"text":"x"}}`);
    // Last, so that whoever leaves out what is too much leaves out who it is.
    const whole = (more: string) =>
      `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: ${body.length}\r\nConnection: close\r\n${more}Authorization: Bearer ${world.token}\r\n\r\n${body}`;
    const many = (count: number) => 'a:b\r\n'.repeat(count);
    for (const more of [`X-Large: ${'a'.repeat(17 * 1024)}\r\n`, many(2100), many(4000)])
      expect(await rawAnswer(port, whole(more))).toMatch(/^HTTP\/1\.1 431 /);
    expect(world.reached()).toBe(0);
    const right = await rawAnswer(port, whole(many(100)));
    expect([right.slice(0, 13), right.includes('"result"')]).toEqual(['HTTP/1.1 200 ', true]);
  });

  it.each<[string, Buffer]>([
    ['a lone continuation byte', Buffer.from([0x80])],
    ['an overlong slash', Buffer.from([0xc0, 0xaf])],
    ['half a surrogate pair', Buffer.from([0xed, 0xa0, 0x80])],
    ['beyond Unicode', Buffer.from([0xf4, 0x90, 0x80, 0x80])],
    ['a cut sequence', Buffer.from([0xe2, 0x82])],
  ])('ill-formed UTF-8: %s', async (_name, bytes) => {
    const [before = '', after = ''] = call(`{"name":"${name}","arguments":{"text":"@"}}`).split('@');
    const body = new Uint8Array(Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]));
    const answer = await postMcp(world.at('/mcp'), world.token, body);
    expect([answer.status, answer.body?.error?.code, world.reached()]).toEqual([400, -32700, 0]);
  });

  it.each([
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"old__echo","arguments":{"text":"x","text":"y"}}}',
    '{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/call","params":{"name":"old__echo"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"old__echo"},"params":{"name":"old__add"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"old__echo","arguments":{"a":{"__proto__":{}}}}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"old__echo","_meta":{"progressToken":1,"progress\\u0054oken":2}}}',
  ])('texts that two parsers read in two ways: %#', async (body) => {
    for (const path of ['/mcp', '/servers/all/mcp', '/upstreams/old/mcp']) {
      const answer = await postMcp(world.at(path), world.token, body);
      expect([answer.status, answer.body?.error?.code]).toEqual([400, -32700]);
    }
    expect(world.reached()).toBe(0);
  });
});

describe('an upstream', () => {
  let server: Server;
  let answer: (response: ServerResponse, id: unknown) => void = () => undefined;
  const dirty: Record<string, string | string[]> = {
    'set-cookie': ['session=stolen; Path=/', 'b=1'],
    server: 'leaky/1.0',
    'x-powered-by': 'leaky',
    'access-control-allow-origin': '*',
    'access-control-allow-credentials': 'true',
    'cache-control': 'public, max-age=3600',
    'x-accel-buffering': 'yes',
    'keep-alive': 'timeout=999',
    'proxy-authenticate': 'Basic',
    'content-security-policy': "default-src * 'unsafe-inline'",
    'x-internal': '10.0.0.1',
    trailer: 'x-late',
    via: '1.1 leaky',
    age: '100',
    etag: '"leaky"',
  };

  beforeAll(async () => {
    server = createServer((request, response) => {
      void (async () => {
        const text = await readText(request);
        const { id, method } = (text === '' ? {} : JSON.parse(text)) as Json;
        const reply = (result: Json) =>
          response
            .writeHead(200, { ...dirty, 'content-type': 'application/json' })
            .end(JSON.stringify({ jsonrpc: '2.0', id, result }));
        if (request.method !== 'POST') response.writeHead(405, dirty).end();
        else if (id === undefined) response.writeHead(202, dirty).end();
        else if (method === 'initialize')
          reply({
            protocolVersion: '2025-11-25',
            capabilities: { tools: {} },
            serverInfo: { name: 'dirty', version: '1' },
          });
        else if (method === 'tools/list') reply({ tools: [{ name: 'echo', inputSchema: { type: 'object' } }] });
        else if (method === 'tools/call') answer(response, id);
        else response.writeHead(404, dirty).end();
      })();
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    await addUpstream(world.admin, 'dirty', `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
    await untilServed(world.at('/upstreams/dirty/mcp'), world.token);
  });
  afterAll(() => {
    server?.closeAllConnections();
    server?.close();
  });
  const note = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'said' } };
  const resultOf = (id: unknown) =>
    JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'clean' }] } });

  it.each(['/mcp', '/upstreams/dirty/mcp'])(
    '[BAD-30] that says something first leaves no header on the stream of %s',
    async (path) => {
      answer = (response, id) =>
        response
          .writeHead(200, { ...dirty, 'content-type': 'text/event-stream' })
          .end(`data: ${JSON.stringify(note)}\n\ndata: ${resultOf(id)}\n\n`);
      const headers = { authorization: `Bearer ${world.token}`, origin: 'https://console.example' };
      const begun = await openRequest(port, {
        path,
        headers,
        body: {
          jsonrpc: '2.0',
          id: 0,
          method: 'initialize',
          params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
        },
      });
      await begun.ended();
      const session = String(begun.headers['mcp-session-id']);
      const body = {
        jsonrpc: '2.0',
        id: 7,
        method: 'tools/call',
        params: { name: path === '/mcp' ? 'dirty__echo' : 'echo', arguments: {} },
      };
      const stream = await openRequest(port, { path, headers: { ...headers, 'mcp-session-id': session }, body });
      await stream.ended();
      expect(stream.headers['content-type']).toBe('text/event-stream');
      expect(stream.events.map(({ data }) => data).join(' ')).toContain('clean');
      const heads = [stream.headers, begun.headers];
      const get = await openRequest(port, {
        method: 'GET',
        path,
        headers: { ...headers, 'mcp-session-id': session, accept: 'text/event-stream' },
      });
      expect(get.status).toBe(200);
      get.leave();
      for (const head of [...heads, get.headers]) {
        expect(JSON.stringify(head)).not.toMatch(/leaky|stolen|10\.0\.0\.1|max-age|unsafe-inline|timeout=999|x-late/);
        for (const name of [
          'set-cookie',
          'server',
          'x-powered-by',
          'access-control-allow-credentials',
          'proxy-authenticate',
          'via',
          'age',
          'etag',
          'trailer',
        ])
          expect([name, head[name]]).toEqual([name, undefined]);
        expect(head['access-control-allow-origin']).toBe('https://console.example');
        expect(head['cache-control']).toMatch(/no-store/);
      }
      for (const head of [stream.headers, get.headers]) expect(head['x-accel-buffering']).toBe('no');
    },
  );

  it.each<[string, (response: ServerResponse, id: unknown) => void]>([
    [
      'one line of an event without end',
      (response) => endless(response, 'text/event-stream', 'data: "', 'x'.repeat(64 * 1024)),
    ],
    [
      'an event of lines without end',
      (response) => endless(response, 'text/event-stream', '', `data: ${'x'.repeat(1000)}\n`),
    ],
    [
      'a name of an event without end',
      (response) => endless(response, 'text/event-stream', 'event: ', 'x'.repeat(64 * 1024)),
    ],
  ])('[BAD-29] that answers with %s is cut off', async (_name, how) => {
    let closed = false;
    answer = (response, id) => {
      response.once('close', () => (closed = true));
      how(response, id);
    };
    const before = await gauge(metricsUrl, 'process_resident_memory_bytes');
    const refused = await callModern(world.at('/mcp'), world.token, 'tools/call', {
      name: 'dirty__echo',
      arguments: {},
    });
    const after = await gauge(metricsUrl, 'process_resident_memory_bytes');
    expect([refused.status, refused.text.length < limits.answer * 2]).toEqual([200, true]);
    expect(refused.text).toMatch(/UPSTREAM_TOO_LARGE|isError/);
    expect(closed).toBe(true);
    expect(after - before).toBeLessThan(128 * 1024 ** 2);
  });

  it('[BAD-29] that answers with JSON without end is passed on as far as allowed, and broken off', async () => {
    const pool = createPool({ url: world.database.url, role: SYSTEM_ROLE, max: 1 });
    const failures = async () => {
      const rows = await pool.query<{ outcome: string; reason: string }>(
        `select outcome, reason from audit_events where request_id = 'json-without-end'`,
      );
      return rows.map(({ outcome, reason }) => [outcome, reason]);
    };
    let closed = false;
    answer = (response, id) => {
      response.once('close', () => (closed = true));
      const opening = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[],"a":"`;
      endless(response, 'application/json', opening, 'x'.repeat(64 * 1024));
    };
    const before = await gauge(metricsUrl, 'process_resident_memory_bytes');
    const broken = await openRequest(port, {
      path: '/mcp',
      headers: { authorization: `Bearer ${world.token}`, 'x-request-id': 'json-without-end' },
      body: { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'dirty__echo', arguments: {} } },
    });
    expect(await broken.ended()).toBe('cut');
    const after = await gauge(metricsUrl, 'process_resident_memory_bytes');
    const { headers, status, text } = broken;
    expect([status, headers['content-type'], headers['content-length']]).toEqual([200, 'application/json', undefined]);
    expect(text.length).toBeLessThanOrEqual(limits.answer + 1024);
    // Nobody can take it for a whole answer.
    expect(() => JSON.parse(text) as unknown).toThrow();
    await until('the upstream is let go', () => closed);
    expect(after - before).toBeLessThan(128 * 1024 ** 2);
    await until('it is recorded', async () => (await failures()).length > 0);
    expect(await failures()).toEqual([['FAILED', 'UPSTREAM_TOO_LARGE']]);
    await pool.end();
  });
});

/** Writes for ever, as fast as the reader reads. */
function endless(response: ServerResponse, type: string, first: string, again: string): void {
  response.writeHead(200, { 'content-type': type });
  response.write(first);
  const more = () => {
    while (!response.destroyed && response.write(again));
    if (!response.destroyed) response.once('drain', more);
  };
  more();
}
