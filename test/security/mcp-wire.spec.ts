import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addUpstream, callModern, freePort, postMcp } from '#testing';
import { openRequest } from '../service/stream-client.js';
import { exactRequest, untilServed } from '../e2e/mcp-world.js';
import { gauge } from './gauge.js';
import { startSecurityWorld, type SecurityWorld } from './security-world.js';

// Items 10 to 14 of mcp.md §6.2. What other files prove already: GW-17, HST-3 (origins, CORS), GW-18, HST-1 (headers and
// body at one endpoint), HST-2 (framing, keys, ids), BAD-11 to BAD-14, HST-4 (headers of an upstream in JSON answers).

type Json = Record<string, unknown>;

let world: SecurityWorld;
let metricsUrl: string;
let port: number;
const limits = { body: 64 * 1024, depth: 12, keys: 60, answer: 1024 * 1024 };
const paths = ['/mcp', '/servers/all/mcp', '/upstreams/young/mcp'];
const nameAt = (path: string) => (path.startsWith('/upstreams') ? 'echo' : 'young__echo');
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

const send = (path: string, headers: Record<string, string | string[]>, body: string, method = 'POST') =>
  exactRequest(world.gatehouse.gateway, {
    method,
    path,
    headers: {
      host: `127.0.0.1:${port}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${world.token}`,
      ...headers,
    },
    body,
  });

describe('[BAD-27] sent', () => {
  const echo = call('{"name":"old__echo","arguments":{"text":"x"}}');

  it.each([
    'localhost',
    '127.0.0.1',
    '127.0.0.1:1',
    '127.0.0.1.evil.example:PORT',
    'evil.example',
    'evil.example:PORT',
    'localhost.:PORT',
    'localhost.evil.example:PORT',
    'evil@127.0.0.1:PORT',
    '127.0.0.1:PORT@evil.example',
    '127.0.0.1:PORT/',
    '127.0.0.1:PORT, evil.example',
    '[::1]:PORT',
    '[::ffff:127.0.0.1]:PORT',
    '[fe80::1%25lo]:PORT',
    '0.0.0.0:PORT',
    '127.1:PORT',
    '2130706433:PORT',
    '0x7f000001:PORT',
    '127.0.0.1:0PORT',
  ])('to the host "%s": refused', async (pattern) => {
    const host = pattern.replace('PORT', String(port));
    for (const [method, path] of [
      ['POST', '/mcp'],
      ['GET', '/mcp'],
      ['DELETE', '/mcp'],
      ['OPTIONS', '/mcp'],
    ] as const) {
      const answer = await send(path, { host }, method === 'POST' ? echo : '', method);
      expect([method, answer.status]).toEqual([method, expect.toBeOneOf([400, 403])]);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(world.reached()).toBe(0);
  });

  it('to two hosts: refused', async () => {
    const bytes = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nHost: evil.example\r\nAuthorization: Bearer ${world.token}\r\nContent-Type: application/json\r\nContent-Length: ${echo.length}\r\nConnection: close\r\n\r\n${echo}`;
    expect(await rawAnswer(bytes)).toMatch(/^HTTP\/1\.1 40[03] /);
    expect(world.reached()).toBe(0);
  });

  it.each([
    'null',
    '*',
    'https://evil.example',
    'https://console.example.evil.example',
    'https://evil-console.example',
    'https://console.example:8443',
    'https://console.example:443',
    'http://console.example',
    'https://CONSOLE.example',
    'https://console.example/',
    'https://console.example.',
    'https://user@console.example',
    'https://sub.console.example',
    'http://127.0.0.1',
    'http://127.0.0.1:1',
    'http://localhost.evil.example:PORT',
    'http://[::1]:PORT',
    'https://127.0.0.1:PORT',
    'file://',
    'chrome-extension://abcdefgh',
    'https://console.example, https://evil.example',
    '',
  ])('by a page of "%s": refused', async (pattern) => {
    const origin = pattern.replace('PORT', String(port));
    for (const method of ['POST', 'GET', 'DELETE', 'OPTIONS']) {
      const answer = await send('/mcp', { origin }, method === 'POST' ? echo : '', method);
      expect([method, answer.status]).toEqual([method, 403]);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(world.reached()).toBe(0);
  });

  it('by pages of two origins: refused', async () => {
    const answer = await send('/mcp', { origin: ['https://console.example', 'https://evil.example'] }, echo);
    expect([answer.status, world.reached()]).toEqual([403, 0]);
  });
});

describe('[BAD-28] headers at %s', () => {
  const version = '2026-07-28';
  const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"${version}","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"}}`;
  const base64 = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;
  const bodyOf = (name: string) => call(`{"name":${JSON.stringify(name)},"arguments":{"text":"x"},${meta}}`);
  const right = (name: string): Record<string, string | string[]> => ({
    'mcp-protocol-version': version,
    'mcp-method': 'tools/call',
    'mcp-name': name,
  });

  describe.each(paths)('%s', (path) => {
    const danger = nameAt(path);
    const safe = danger.replace('echo', 'add');

    it.each<[string, (headers: Record<string, string | string[]>) => Record<string, string | string[]>]>([
      ['a safe name over a dangerous body', (headers) => ({ ...headers, 'mcp-name': safe })],
      ['a safe name in base64', (headers) => ({ ...headers, 'mcp-name': base64(safe) })],
      ['base64 twice', (headers) => ({ ...headers, 'mcp-name': base64(base64(danger)) })],
      ['the safe name first', (headers) => ({ ...headers, 'mcp-name': [safe, danger] })],
      ['the safe name last', (headers) => ({ ...headers, 'mcp-name': [danger, safe] })],
      ['both names in one line', (headers) => ({ ...headers, 'mcp-name': `${danger}, ${safe}` })],
      ['a name in capitals', (headers) => ({ ...headers, 'mcp-name': danger.toUpperCase() })],
      ['no name', ({ 'mcp-name': _, ...headers }) => headers],
      ['an empty name', (headers) => ({ ...headers, 'mcp-name': '' })],
      ['a safe method', (headers) => ({ ...headers, 'mcp-method': 'tools/list' })],
      ['a method in capitals', (headers) => ({ ...headers, 'mcp-method': 'TOOLS/CALL' })],
      ['no method', ({ 'mcp-method': _, ...headers }) => headers],
      ['a legacy revision', (headers) => ({ ...headers, 'mcp-protocol-version': '2025-11-25' })],
      ['two revisions', (headers) => ({ ...headers, 'mcp-protocol-version': [version, '2025-11-25'] })],
    ])('%s: refused', async (_name, change) => {
      const answer = await send(path, change(right(danger)), bodyOf(danger));
      const { error } = JSON.parse(answer.text) as { error: { code: number } };
      expect([answer.status, error.code]).toEqual([400, -32020]);
      expect(world.reached()).toBe(0);
    });

    it('white space, base64 and other letters in names of headers: accepted', async () => {
      const headers = { 'MCP-Protocol-VERSION': version, 'mCP-mETHOD': ' tools/call\t', 'Mcp-Name': ` ${base64(danger)} ` };
      expect([(await send(path, headers, bodyOf(danger))).status, world.reached()]).toEqual([200, 1]);
    });

    it('a dangerous name over a safe body does the safe thing at most', async () => {
      const answer = await send(path, right(danger), bodyOf(safe));
      expect([answer.status, world.reached()]).toEqual([400, 0]);
    });

    it('modern headers over a legacy body say nothing', async () => {
      const body = call(`{"name":"${danger}","arguments":{"text":"x"}}`);
      const lies = { 'mcp-protocol-version': '2025-11-25', 'mcp-method': 'tools/list', 'mcp-name': safe };
      expect((await send(path, lies, body)).status).toBe(200);
      const asked = world.young.requests.filter(({ text }) => text.includes('tools/call'));
      expect(asked.map(({ body: sent }) => (sent as { params: Json }).params['name'])).toEqual(['echo']);
      expect(asked.map(({ headers }) => headers['mcp-name'])).toEqual(['echo']);
    });
  });
});

/** Sends bytes as they are, and returns everything that comes back until the connection ends. */
const rawAnswer = (bytes: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.on('data', (chunk) => (received += String(chunk)));
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(received));
    socket.write(bytes);
  });

describe('[BAD-29] at a limit and one beyond', () => {
  const name = 'old__echo';
  const filled = (length: number) => {
    const empty = call(`{"name":"${name}","arguments":{"text":""}}`);
    return empty.replace('"text":""', `"text":"${'x'.repeat(length - empty.length)}"`);
  };
  // The message, params and arguments are three levels themselves.
  const nested = (depth: number) => call(`{"name":"${name}","arguments":{"text":"x","a":${'['.repeat(depth - 3)}${']'.repeat(depth - 3)}}}`);
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
    } as RequestInit);
    expect([response.status, world.reached()]).toEqual([413, 0]);
  });

  it('bytes of a head: 431', async () => {
    const head = (bytes: number) =>
      `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${world.token}\r\nX-Large: ${'a'.repeat(bytes)}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`;
    expect(await rawAnswer(head(17 * 1024))).toMatch(/^HTTP\/1\.1 431 /);
    const many = Array.from({ length: 2100 }, (_, index) => `X-${index}: a\r\n`).join('');
    expect(await rawAnswer(head(1).replace('X-Large', `${many}X-Large`))).toMatch(/^HTTP\/1\.1 (431|400|415) /);
    expect(world.reached()).toBe(0);
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
          response.writeHead(200, { ...dirty, 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }));
        if (request.method !== 'POST') response.writeHead(405, dirty).end();
        else if (id === undefined) response.writeHead(202, dirty).end();
        else if (method === 'initialize')
          reply({ protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'dirty', version: '1' } });
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
  const resultOf = (id: unknown) => JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'clean' }] } });

  it.each(['/mcp', '/upstreams/dirty/mcp'])('[BAD-30] that says something first leaves no header on the stream of %s', async (path) => {
    answer = (response, id) =>
      response
        .writeHead(200, { ...dirty, 'content-type': 'text/event-stream' })
        .end(`data: ${JSON.stringify(note)}\n\ndata: ${resultOf(id)}\n\n`);
    const headers = { authorization: `Bearer ${world.token}`, origin: 'https://console.example' };
    const begun = await openRequest(port, {
      path,
      headers,
      body: { jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } },
    });
    await begun.ended();
    const session = String(begun.headers['mcp-session-id']);
    const body = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: path === '/mcp' ? 'dirty__echo' : 'echo', arguments: {} } };
    const stream = await openRequest(port, { path, headers: { ...headers, 'mcp-session-id': session }, body });
    await stream.ended();
    expect(stream.headers['content-type']).toBe('text/event-stream');
    expect(stream.events.map(({ data }) => data).join(' ')).toContain('clean');
    const heads = [stream.headers, begun.headers];
    const get = await openRequest(port, { method: 'GET', path, headers: { ...headers, 'mcp-session-id': session, accept: 'text/event-stream' } });
    expect(get.status).toBe(200);
    get.leave();
    for (const head of [...heads, get.headers]) {
      expect(JSON.stringify(head)).not.toMatch(/leaky|stolen|10\.0\.0\.1|max-age|unsafe-inline|timeout=999|x-late/);
      for (const name of ['set-cookie', 'server', 'x-powered-by', 'access-control-allow-credentials', 'proxy-authenticate', 'via', 'age', 'etag', 'trailer'])
        expect([name, head[name]]).toEqual([name, undefined]);
      expect(head['access-control-allow-origin']).toBe('https://console.example');
      expect(head['cache-control']).toMatch(/no-store/);
    }
    for (const head of [stream.headers, get.headers]) expect(head['x-accel-buffering']).toBe('no');
  });

  it.each<[string, (response: ServerResponse, id: unknown) => void]>([
    ['one line of an event without end', (response) => endless(response, 'text/event-stream', 'data: "', 'x'.repeat(64 * 1024))],
    ['an event of lines without end', (response) => endless(response, 'text/event-stream', '', `data: ${'x'.repeat(1000)}\n`)],
    ['a JSON answer without end', (response, id) => endless(response, 'application/json', `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"a":"`, 'x'.repeat(64 * 1024))],
    ['a name of an event without end', (response) => endless(response, 'text/event-stream', 'event: ', 'x'.repeat(64 * 1024))],
  ])('[BAD-29] that answers with %s is cut off', async (_name, how) => {
    let closed = false;
    answer = (response, id) => {
      response.once('close', () => (closed = true));
      how(response, id);
    };
    const before = await gauge(metricsUrl, 'process_resident_memory_bytes');
    const refused = await callModern(world.at('/mcp'), world.token, 'tools/call', { name: 'dirty__echo', arguments: {} });
    const after = await gauge(metricsUrl, 'process_resident_memory_bytes');
    expect([refused.status, refused.text.length < limits.answer * 2]).toEqual([200, true]);
    expect(refused.text).toMatch(/UPSTREAM_TOO_LARGE|isError/);
    expect(closed).toBe(true);
    expect(after - before).toBeLessThan(128 * 1024 ** 2);
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
