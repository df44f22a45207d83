import { CallToolResultSchema as LegacyCallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it } from 'vitest';
import type { Era } from '#contracts';
import { createAddressGuard, createUpstreamPools } from '#outbound';
import { startFixtureServer, type FixtureServer } from '#testing';
import type { JsonObject, JsonRpcId } from '../envelope/messages.js';
import { checkParamHeaders, readParamHeaders } from '../era/param-headers.js';
import { META } from '../era/protocol-versions.js';
import { parseStrictJson } from '../json/parse-strict-json.js';
import type { UpstreamResponse } from '../upstream/upstream-reply.js';
import { openLink } from '../upstream/open-link.js';
import { createUpstreamConnection } from '../upstream/upstream-connection.js';
import type { UpstreamPeer } from '../upstream/upstream-peer.js';
import { buildUpstreamRequest, type ReceivedRequest, type UpstreamRequestInput } from './build-upstream-request.js';
import { translateUpstreamReply, type ReplyInput } from './translate-upstream-reply.js';

const serverInfo = { name: 'gatehouse', version: '0.1.0' };
const client = { info: { name: 'agent', version: '9' }, capabilities: {} };
const pools = createUpstreamPools({ guard: createAddressGuard(['127.0.0.1']), connectTimeoutMs: 1000, connections: 4 });
const regionHeaders = readParamHeaders({
  type: 'object',
  properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
});
const paramHeaders = regionHeaders.valid ? regionHeaders.headers : [];

const modernMeta = (more: JsonObject = {}) => ({
  [META.protocolVersion]: '2026-07-28',
  [META.clientCapabilities]: {},
  [META.clientInfo]: client.info,
  ...more,
});

const receive = (text: string, headers: Record<string, string> = {}): ReceivedRequest => {
  const bytes = Buffer.from(text);
  const parsed = parseStrictJson(bytes, { maxDepth: 32, maxKeys: 100 });
  const { name, text: read, value } = parsed;
  return { bytes, text: read, message: value as ReceivedRequest['message'], headers, name };
};

const request = (era: Era, id: JsonRpcId, method: string, params: JsonObject) =>
  receive(
    JSON.stringify({
      jsonrpc: '2.0',
      id,
      method,
      params: era === 'MODERN' ? { ...params, _meta: modernMeta() } : params,
    }),
    {
      authorization: 'Bearer gth_x',
      cookie: 'a=b',
      'mcp-param-region': 'eu',
      'mcp-param-unknown': '1',
      'mcp-name': 'client',
    },
  );

const peer = (era: Era): UpstreamPeer => ({
  era,
  protocolVersion: era === 'MODERN' ? '2026-07-28' : '2025-11-25',
  sessionId: null,
});
const build = (clientEra: Era, upstreamEra: Era, received: ReceivedRequest, more: Partial<UpstreamRequestInput> = {}) =>
  buildUpstreamRequest({
    clientEra,
    peer: peer(upstreamEra),
    received,
    originalName: null,
    id: null,
    client,
    paramHeaders: [],
    ...more,
  });

/** What the gateway does with one call, without its policy. */
async function relay(
  server: FixtureServer,
  clientEra: Era,
  method: string,
  params: JsonObject,
  more: Partial<UpstreamRequestInput & ReplyInput> = {},
) {
  const connection = createUpstreamConnection({
    name: 'crm',
    url: server.url,
    pools,
    clientInfo: serverInfo,
    timeoutMs: 3000,
    maxBytes: 1e7,
  });
  const link = await openLink(connection, null, { client });
  const { identity } = link;
  const received = request(clientEra, 'client-7', method, params);
  const built = build(clientEra, identity.era, received, { peer: identity, ...more });
  const reply = await link.call({ ...built, id: more.id ?? received.message.id, method });
  await link.close();
  if (reply.kind !== 'response') throw new Error('session ended');
  const input = {
    clientEra,
    upstreamEra: identity.era,
    upstreamName: 'crm',
    method,
    clientId: received.message.id,
    reply,
    serverInfo,
    exposeUri: null,
  };
  const translated = translateUpstreamReply({ ...input, exposeUri: more.exposeUri ?? null });
  return { translated, answer: JSON.parse(translated.body.toString()) as JsonObject & { result: JsonObject } };
}

const eras: Era[] = ['LEGACY', 'MODERN'];
const cells = eras.flatMap((clientEra) => eras.map((upstreamEra) => [clientEra, upstreamEra] as const));

describe.each(cells)('%s client, %s upstream', (clientEra, upstreamEra) => {
  it('calls, reads and gets with names restored and the id kept', async () => {
    await using server = await startFixtureServer({
      era: upstreamEra === 'LEGACY' ? 'legacy' : 'modern',
      sessions: true,
      sse: true,
    });
    const call = await relay(
      server,
      clientEra,
      'tools/call',
      { name: 'crm__with-region', arguments: { region: 'eu' } },
      { originalName: 'with-region', id: 41, paramHeaders },
    );
    expect(call.answer).toMatchObject({ id: 'client-7', result: { content: [{ text: 'region eu' }] } });
    expect(call.translated).toMatchObject({ status: 200, outcome: 'ok', code: null });
    const sent = server.requests.findLast(({ text }) => text.includes('tools/call'));
    expect(sent?.body).toMatchObject({ id: 41, params: { name: 'with-region' } });
    expect(sent?.headers).not.toHaveProperty('authorization');
    expect(sent?.headers).not.toHaveProperty('cookie');
    const read = await relay(
      server,
      clientEra,
      'resources/read',
      { uri: 'gatehouse:crm:fixture://text' },
      {
        originalName: 'fixture://text',
        exposeUri: (uri) => `gatehouse:crm:${uri}`,
      },
    );
    expect(read.answer.result['contents']).toEqual([
      { uri: 'gatehouse:crm:fixture://text', mimeType: 'text/plain', text: 'hello' },
    ]);
    const modern = clientEra === 'MODERN';
    expect(read.answer.result['resultType']).toBe(modern ? 'complete' : undefined);
    expect(read.answer.result['cacheScope']).toBe(modern ? 'private' : undefined);
    expect(typeof read.answer.result['ttlMs']).toBe(modern ? 'number' : 'undefined');
    const failed = await relay(server, clientEra, 'tools/call', { name: 'fail' });
    expect(failed.translated.outcome).toBe('tool-error');
    const missing = await relay(server, clientEra, 'resources/read', { uri: 'fixture://none' });
    expect(missing.translated).toMatchObject({
      outcome: 'rpc-error',
      code: clientEra === 'LEGACY' && upstreamEra === 'LEGACY' ? -32002 : -32602,
    });
    const prompt = await relay(server, clientEra, 'prompts/get', { name: 'simple' });
    expect(prompt.answer.result['messages']).toHaveLength(1);
  });
});

describe('buildUpstreamRequest', () => {
  const exact =
    '{"jsonrpc":"2.0", "id":1,"method":"tools/call","params":{"name":"echo","arguments":{"n":12345678901234567890.0}}}';

  it('passes the very bytes where nothing has to change', () => {
    const received = receive(exact);
    expect(build('LEGACY', 'LEGACY', received).body).toBe(received.bytes);
    const modern = request('MODERN', 1, 'tools/call', { name: 'echo' });
    expect(build('MODERN', 'MODERN', modern).body).toBe(modern.bytes);
  });

  it('changes the name and nothing else', () => {
    const { body, headers } = build('LEGACY', 'LEGACY', receive(exact), { originalName: 'say "hi"', id: 5 });
    expect(body).toBe(
      '{"jsonrpc":"2.0", "id":5,"method":"tools/call","params":{"name":"say \\"hi\\"","arguments":{"n":12345678901234567890.0}}}',
    );
    expect(headers).toEqual({
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    });
  });

  it('keeps the legacy client’s own meta beside the envelope, and takes the envelope away again', () => {
    const up = build(
      'LEGACY',
      'MODERN',
      request('LEGACY', 1, 'tools/call', { name: 'x', _meta: { progressToken: 3 } }),
    );
    expect(JSON.parse(up.body.toString())).toMatchObject({
      params: { _meta: { progressToken: 3, [META.clientInfo]: client.info, [META.clientCapabilities]: {} } },
    });
    const down = build(
      'MODERN',
      'LEGACY',
      receive(
        JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'x', _meta: modernMeta({ traceparent: 't', [META.logLevel]: 'info' }) },
        }),
      ),
    );
    expect(JSON.parse(down.body.toString())).toEqual({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'x', _meta: { traceparent: 't' } },
    });
    expect(JSON.parse(build('MODERN', 'LEGACY', request('MODERN', 1, 'ping', {})).body.toString())).toEqual({
      jsonrpc: '2.0',
      id: 1,
      method: 'ping',
      params: {},
    });
  });

  it('makes or passes Mcp-Name and Mcp-Param headers, and none for a legacy upstream', () => {
    const received = request('MODERN', 1, 'tools/call', { name: 'crm__x', arguments: { region: 'eu' } });
    expect(build('MODERN', 'MODERN', received, { originalName: 'grüße', paramHeaders }).headers).toMatchObject({
      'mcp-method': 'tools/call',
      'mcp-name': '=?base64?Z3LDvMOfZQ==?=',
      'mcp-param-region': 'eu',
      'mcp-param-unknown': '1',
    });
    const made = build(
      'LEGACY',
      'MODERN',
      request('LEGACY', 1, 'tools/call', { name: 'x', arguments: { region: 'köln' } }),
      { paramHeaders },
    ).headers;
    expect(() => checkParamHeaders(paramHeaders, { region: 'köln' }, made)).not.toThrow();
    expect(
      Object.keys(build('MODERN', 'LEGACY', received, { paramHeaders }).headers).filter((name) =>
        /^mcp-(param|name|method)/.test(name),
      ),
    ).toEqual([]);
  });

  it('sends the session and, before 2025-06-18, no version', () => {
    const old: UpstreamPeer = { era: 'LEGACY', protocolVersion: '2025-03-26', sessionId: 's1' };
    const { headers } = build('LEGACY', 'LEGACY', receive(exact), { peer: old });
    expect(headers).toMatchObject({ 'mcp-session-id': 's1' });
    expect(headers).not.toHaveProperty('mcp-protocol-version');
  });
});

describe('translateUpstreamReply', () => {
  const reply = (text: string, status = 200): UpstreamResponse => ({
    kind: 'response',
    status,
    sessionId: null,
    bytes: Buffer.from(text),
    text,
    message: JSON.parse(text) as UpstreamResponse['message'],
  });
  const translate = (clientEra: Era, upstreamEra: Era, answer: UpstreamResponse, more: Partial<ReplyInput> = {}) =>
    translateUpstreamReply({
      clientEra,
      upstreamEra,
      upstreamName: 'crm',
      method: 'tools/call',
      clientId: 1,
      reply: answer,
      serverInfo,
      exposeUri: null,
      ...more,
    });
  const result = (value: unknown) => reply(JSON.stringify({ jsonrpc: '2.0', id: 1, result: value }));
  const error = (code: number, status = 200) =>
    reply(JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code, message: 'm', data: { n: 1 } } }), status);

  it('returns the very bytes between equal eras', () => {
    const same = result({ content: [], vendor: 1 });
    expect(translate('LEGACY', 'LEGACY', same).body).toBe(same.bytes);
    expect(translate('MODERN', 'MODERN', same, { exposeUri: (uri) => uri }).body).toBe(same.bytes);
  });

  it('strips what legacy clients reject', () => {
    const { body } = translate(
      'LEGACY',
      'MODERN',
      result({
        resultType: 'complete',
        ttlMs: 1,
        cacheScope: 'public',
        content: [],
        structuredContent: [1],
        vendor: 1,
      }),
    );
    expect(JSON.parse(body.toString())).toEqual({ jsonrpc: '2.0', id: 1, result: { content: [], vendor: 1 } });
    expect(LegacyCallToolResult.safeParse((JSON.parse(body.toString()) as { result: unknown }).result).success).toBe(
      true,
    );
  });

  it('adds what modern clients need and keeps meta', () => {
    const { body } = translate('MODERN', 'LEGACY', result({ content: [], resultType: 'task', _meta: { a: 1 } }));
    expect(JSON.parse(body.toString()).result).toEqual({
      content: [],
      resultType: 'complete',
      _meta: { a: 1, [META.serverInfo]: serverInfo },
    });
  });

  it.each([
    ['input_required', 'INPUT_REQUIRED'],
    ['task', 'TASK'],
    ['new', 'UNKNOWN_RESULT_TYPE'],
  ])('never passes a %s result to a legacy client', (resultType, reason) => {
    const { body, code } = translate('LEGACY', 'MODERN', result({ resultType }));
    expect(code).toBe(-31002);
    expect(JSON.parse(body.toString()).error.data).toEqual({ reason, upstream: 'crm' });
    const relayed = result({ resultType });
    expect(translate('MODERN', 'MODERN', relayed).body).toBe(relayed.bytes);
  });

  it('does not relay errors of the inner hop, and maps codes that the era forbids', () => {
    for (const code of [-32020, -32021, -32022])
      expect(translate('MODERN', 'MODERN', error(code, 400))).toMatchObject({ status: 200, code: -31002 });
    expect(JSON.parse(translate('MODERN', 'LEGACY', error(-32002)).body.toString()).error).toEqual({
      code: -32602,
      message: 'm',
      data: { n: 1 },
    });
    expect(translate('LEGACY', 'LEGACY', error(-32002)).code).toBe(-32002);
    expect(translate('MODERN', 'LEGACY', error(-32042)).code).toBe(-31002);
  });

  it.each([
    [-32700, 400],
    [-32600, 400],
    [-32601, 404],
    [-32602, 200],
    [-32603, 200],
    [-32000, 200],
    [7, 200],
  ])(
    'tells modern clients an error %i with status %i, whatever the upstream’s, and legacy ones with 200',
    (code, is) => {
      for (const status of [200, 202, 400, 404, 405, 406, 409, 413, 415, 422, 451, 499]) {
        for (const upstreamEra of eras) {
          expect(translate('MODERN', upstreamEra, error(code, status)), String(status)).toMatchObject({
            status: is,
            code,
          });
          expect(translate('LEGACY', upstreamEra, error(code, status)).status).toBe(200);
        }
        const { status: relayed } = translate('MODERN', 'MODERN', error(code, status), { verbatim: true });
        expect([status, relayed]).toEqual([status, code !== -32601 && [200, 400, 404].includes(status) ? status : is]);
        expect(translate('LEGACY', 'LEGACY', error(code, status), { verbatim: true }).status).toBe(200);
      }
    },
  );

  it.each([-32020, -32021, -32022])('relays %i of a modern pass-through with a status of its revision', (code) => {
    for (const status of [409, 422]) {
      const relayed = translate('MODERN', 'MODERN', error(code, status), { verbatim: true });
      expect(relayed).toMatchObject({ status: 400, code });
    }
  });

  it('restores the id where the upstream could not read it', () => {
    const anonymous = reply('{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"m"}}', 400);
    expect(JSON.parse(translate('LEGACY', 'LEGACY', anonymous, { clientId: 'a' }).body.toString())).toMatchObject({
      id: 'a',
    });
  });

  it('shows links under the prefix of the endpoint', () => {
    const exposeUri = (uri: string) => `gatehouse:crm:${uri}`;
    const link = { type: 'resource_link', uri: 'x://1', name: 'n' };
    const embedded = { type: 'resource', resource: { uri: 'x://2', text: 't' } };
    const tool = translate('LEGACY', 'LEGACY', result({ content: [{ type: 'text', text: 'x://1' }, link, embedded] }), {
      exposeUri,
    });
    expect(JSON.parse(tool.body.toString()).result.content).toEqual([
      { type: 'text', text: 'x://1' },
      { ...link, uri: 'gatehouse:crm:x://1' },
      { type: 'resource', resource: { uri: 'gatehouse:crm:x://2', text: 't' } },
    ]);
    const prompt = translate('LEGACY', 'LEGACY', result({ messages: [{ role: 'user', content: embedded }] }), {
      method: 'prompts/get',
      exposeUri,
    });
    expect(prompt.body.toString()).toContain('gatehouse:crm:x://2');
  });
});
