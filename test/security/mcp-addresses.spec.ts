import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exactRequest } from '../e2e/mcp-world.js';
import { rawAnswer } from './raw-answer.js';
import { startSecurityWorld, type SecurityWorld } from './security-world.js';

// Items 10 and 11 of the plan's list of bad input. What other files prove already: GW-17, HST-3 (origins, CORS), GW-18, HST-1 (headers and
// body at one endpoint).

type Json = Record<string, unknown>;

let world: SecurityWorld;
let port: number;
const paths = ['/mcp', '/servers/all/mcp', '/upstreams/young/mcp'];
const nameAt = (path: string) => (path.startsWith('/upstreams') ? 'echo' : 'young__echo');
const call = (params: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;

beforeAll(async () => {
  world = await startSecurityWorld({
    GATEHOUSE_GATEWAY_ALLOWED_ORIGINS: 'https://console.example',
    GATEHOUSE_MCP_HTTP_SSE: 'true',
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
  /** Everything that may be asked of an MCP path. 2024-11-05 opens a stream at one of its own, and posts to another. */
  const asked = [
    ...['POST', 'GET', 'DELETE', 'OPTIONS'].map((method) => [method, '/mcp'] as const),
    ...paths.flatMap((path) => {
      const [sse, messages] = [path.replace(/mcp$/, 'sse'), path.replace(/mcp$/, 'messages?sessionId=of-nobody')];
      return [
        ['GET', sse] as const,
        ['OPTIONS', sse] as const,
        ['POST', messages] as const,
        ['OPTIONS', messages] as const,
      ];
    }),
  ];

  it('to the right host: no 403, whatever else is wrong', async () => {
    for (const [method, path] of asked.filter(([one, at]) => one !== 'GET' || at === '/mcp')) {
      const answer = await send(path, {}, method === 'POST' ? '{"jsonrpc":"2.0","id":1,"method":"ping"}' : '', method);
      expect([method, path, answer.status]).toEqual([method, path, expect.toBeOneOf([200, 204, 400, 404])]);
    }
  });

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
    // What is no host at all is refused with 400 before anybody looks at the path.
    const { status } = await send('/mcp', { host }, echo);
    expect(status).toBeOneOf([400, 403]);
    for (const [method, path] of asked) {
      const answer = await send(path, { host }, method === 'POST' ? echo : '', method);
      expect([method, path, answer.status]).toEqual([method, path, status]);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(world.reached()).toBe(0);
  });

  it('to two hosts: refused', async () => {
    for (const [method, path] of asked) {
      const body = method === 'POST' ? echo : '';
      const bytes = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nHost: evil.example\r\nAuthorization: Bearer ${world.token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
      expect(await rawAnswer(port, bytes), `${method} ${path}`).toMatch(/^HTTP\/1\.1 40[03] /);
    }
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
    for (const [method, path] of asked) {
      const answer = await send(path, { origin }, method === 'POST' ? echo : '', method);
      expect([method, path, answer.status]).toEqual([method, path, 403]);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(world.reached()).toBe(0);
  });

  it('by pages of two origins: refused', async () => {
    for (const [method, path] of asked) {
      const origin = ['https://console.example', 'https://evil.example'];
      const answer = await send(path, { origin }, method === 'POST' ? echo : '', method);
      expect([method, path, answer.status]).toEqual([method, path, 403]);
    }
    expect(world.reached()).toBe(0);
  });
});

describe('[BAD-28] headers at %s', () => {
  const version = '2026-07-28';
  const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"${version}","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"}}`;
  const base64 = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;
  const bodyOf = (name: string) => call(`{"name":${JSON.stringify(name)},"arguments":{"text":"x"},${meta}}`);
  const without = (headers: Record<string, string | string[]>, name: string) =>
    Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
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
      ['no name', (headers) => without(headers, 'mcp-name')],
      ['an empty name', (headers) => ({ ...headers, 'mcp-name': '' })],
      ['a safe method', (headers) => ({ ...headers, 'mcp-method': 'tools/list' })],
      ['a method in capitals', (headers) => ({ ...headers, 'mcp-method': 'TOOLS/CALL' })],
      ['no method', (headers) => without(headers, 'mcp-method')],
      ['a legacy revision', (headers) => ({ ...headers, 'mcp-protocol-version': '2025-11-25' })],
      ['two revisions', (headers) => ({ ...headers, 'mcp-protocol-version': [version, '2025-11-25'] })],
    ])('%s: refused', async (_name, change) => {
      const answer = await send(path, change(right(danger)), bodyOf(danger));
      const { error } = JSON.parse(answer.text) as { error: { code: number } };
      expect([answer.status, error.code]).toEqual([400, -32020]);
      expect(world.reached()).toBe(0);
    });

    const prefixed = !path.startsWith('/upstreams');
    const nameOf = (own: string) => (prefixed ? `young__${own}` : own);
    const uriOf = (own: string) => (prefixed ? `gatehouse:young:${own}` : own);

    describe.each<[method: string, member: string, named: string, other: string]>([
      ['prompts/get', 'name', nameOf('simple'), nameOf('with-args')],
      ['resources/read', 'uri', uriOf('fixture://text'), uriOf('fixture://binary')],
      ['tasks/get', 'taskId', 'task-1', 'task-2'],
      ['tasks/cancel', 'taskId', 'task-1', 'task-2'],
      ['tasks/update', 'taskId', 'task-1', 'task-2'],
    ])('%s', (method, member, named, other) => {
      const body = `{"jsonrpc":"2.0","id":1,"method":"${method}","params":{"${member}":"${named}",${meta}}}`;
      const headers = { 'mcp-protocol-version': version, 'mcp-method': method };

      it.each<[string, string | string[] | undefined]>([
        ['no name', undefined],
        ['an empty name', ''],
        ['another name', other],
        ['another name in base64', base64(other)],
        ['the name and another', [named, other]],
        ['the name in capitals', named.toUpperCase()],
        ['base64 that is none', '=?base64?!?='],
      ])('%s: refused', async (_name, sent) => {
        const answer = await send(path, sent === undefined ? headers : { ...headers, 'mcp-name': sent }, body);
        const { error } = JSON.parse(answer.text) as { error: { code: number } };
        expect([answer.status, error.code]).toEqual([400, -32020]);
        expect(world.reached()).toBe(0);
      });

      it.each([named, base64(named)])('"%s": the headers are right', async (sent) => {
        const answer = await send(path, { ...headers, 'mcp-name': sent }, body);
        expect(answer.text).not.toContain('-32020');
        // Tasks belong to an extension that this client does not declare.
        if (member !== 'taskId') expect([answer.status, world.reached()]).toEqual([200, 1]);
      });
    });

    it('white space, base64 and other letters in names of headers: accepted', async () => {
      const headers = {
        'MCP-Protocol-VERSION': version,
        'mCP-mETHOD': ' tools/call\t',
        'Mcp-Name': ` ${base64(danger)} `,
      };
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
