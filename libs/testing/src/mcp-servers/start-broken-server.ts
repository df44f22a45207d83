import type { ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Json } from './fixture-catalogue.js';
import { startHttpFixture, type HttpFixture, type RecordedRequest } from './http-fixture.js';
import { selfSignedCertificate } from './self-signed-certificate.js';

/** The rows of the error table, and two catalogues that never end. */
export const brokenKinds = [
  'unreachable',
  'refused',
  'tls',
  'timeout',
  'redirect',
  'unauthorized',
  'forbidden',
  'server-error',
  'not-json',
  'not-mcp',
  'not-found',
  'unsupported-version',
  'too-large',
  'endless-pages',
  'repeated-cursor',
] as const;
/** See {@link brokenKinds}. */
export type BrokenKind = (typeof brokenKinds)[number];

const json = (response: ServerResponse, status: number, body: unknown): unknown =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const result = (response: ServerResponse, recorded: RecordedRequest, body: Json): unknown =>
  json(response, 200, { jsonrpc: '2.0', id: (recorded.body as Json)['id'], result: body });

const noSuchMethod = (response: ServerResponse, recorded: RecordedRequest): unknown =>
  json(response, 200, {
    jsonrpc: '2.0',
    id: (recorded.body as Json)['id'],
    error: { code: -32601, message: 'Method not found' },
  });

/** A legacy server whose tool list goes wrong; `cursor` makes the next cursor from the number of pages sent. */
function pages(cursor: (sent: number) => string) {
  let sent = 0;
  return (recorded: RecordedRequest, response: ServerResponse): unknown => {
    const { method, id } = (recorded.body ?? {}) as Json;
    if (id === undefined) return response.writeHead(202).end();
    if (method === 'initialize')
      return result(response, recorded, {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'endless', version: '1' },
      });
    if (method !== 'tools/list') return noSuchMethod(response, recorded);
    sent++;
    return result(response, recorded, {
      tools: [{ name: `tool-${sent}`, inputSchema: { type: 'object' } }],
      nextCursor: cursor(sent),
    });
  };
}

const answers: Partial<Record<BrokenKind, (recorded: RecordedRequest, response: ServerResponse) => unknown>> = {
  timeout: () => undefined,
  tls: (_recorded, response) => response.end(),
  redirect: (_recorded, response) =>
    response.writeHead(302, { location: 'http://127.0.0.1:9/elsewhere?token=secret' }).end(),
  unauthorized: (_recorded, response) => response.writeHead(401, { 'www-authenticate': 'Bearer' }).end(),
  forbidden: (_recorded, response) => response.writeHead(403).end('no'),
  'server-error': (_recorded, response) => json(response, 500, { oops: true }),
  'not-json': (_recorded, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>'),
  'not-mcp': (_recorded, response) => json(response, 200, { status: 'ok' }),
  'not-found': (_recorded, response) =>
    response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not Found</h1>'),
  'unsupported-version': (recorded, response) =>
    (recorded.body as Json)['method'] === 'initialize'
      ? result(response, recorded, {
          protocolVersion: '1999-01-01',
          capabilities: {},
          serverInfo: { name: 'old', version: '0' },
        })
      : noSuchMethod(response, recorded),
  'too-large': (recorded, response) => result(response, recorded, { padding: 'x'.repeat(17 * 1024 ** 2) }),
};

/** Starts a server that is broken in one way; `url` is what an administrator would register. */
export async function startBrokenServer(kind: BrokenKind): Promise<HttpFixture> {
  if (kind === 'endless-pages') return startHttpFixture(pages((sent) => `page-${sent}`));
  if (kind === 'repeated-cursor') return startHttpFixture(pages(() => 'again'));
  if (kind === 'tls')
    return startHttpFixture(answers.tls ?? (() => undefined), {
      create: (listener) => createTlsServer(selfSignedCertificate, listener),
    });
  const fixture = await startHttpFixture(answers[kind] ?? (() => undefined));
  if (kind === 'unreachable') return { ...fixture, url: 'http://no-such-host.invalid/mcp' };
  if (kind === 'refused') await fixture.close();
  return fixture;
}
