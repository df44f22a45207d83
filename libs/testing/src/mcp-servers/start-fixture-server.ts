import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { answerMethod, FixtureError } from './answer-method.js';
import { checkModern, isModernRequest } from './check-modern.js';
import { fixtureCatalogue, type FixtureCatalogue, type Json } from './fixture-catalogue.js';
import { startHttpFixture, type HttpFixture, type RecordedRequest } from './http-fixture.js';

/** How a fixture server behaves. */
export interface FixtureServerOptions {
  readonly era: 'legacy' | 'modern' | 'dual';
  /** Legacy: hand out and demand `Mcp-Session-Id`. */
  readonly sessions?: boolean;
  /** Answer on an event stream instead of plain JSON. */
  readonly sse?: boolean;
  /** Objects on one page of a list; default all. */
  readonly pageSize?: number;
  /** Replaces the usual catalogue. */
  readonly catalogue?: FixtureCatalogue;
  /** When set, every request must carry `Authorization: Bearer <token>`. */
  readonly token?: string;
  readonly port?: number;
}

/** A running MCP server of our own, on plain node:http. */
export interface FixtureServer extends HttpFixture {
  /** Change it to change what the server offers. */
  readonly catalogue: FixtureCatalogue;
  /** Live legacy sessions. */
  readonly sessions: Set<string>;
  /** Calls whose client went away before the answer. */
  readonly aborted: number;
  /** JSON-RPC methods received so far, in order. */
  methods(): string[];
}

const serverInfo = { name: 'fixture', version: '1.0.0' };
const capabilities = { tools: {}, resources: {}, prompts: {} };
const instructions = 'A fixture.';
const legacyVersions = new Set<unknown>(['2025-03-26', '2025-06-18', '2025-11-25']);
const cacheable = new Set([
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'prompts/list',
  'resources/read',
  'server/discover',
]);

interface Call {
  readonly recorded: RecordedRequest;
  readonly response: ServerResponse;
  readonly message: Json;
  readonly params: Json;
}

class Fixture {
  readonly sessions = new Set<string>();
  /** What the client of a legacy session has declared. */
  private readonly declared = new Map<string, Json>();
  aborted = 0;
  readonly catalogue: FixtureCatalogue;

  constructor(private readonly options: FixtureServerOptions) {
    this.catalogue = options.catalogue ?? fixtureCatalogue();
  }

  readonly answer = async (recorded: RecordedRequest, response: ServerResponse): Promise<void> => {
    const { token, era } = this.options;
    if (token !== undefined && recorded.headers.authorization !== `Bearer ${token}`)
      return void response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
    if (recorded.httpMethod === 'DELETE' && era !== 'modern') return this.endSession(recorded, response);
    if (recorded.httpMethod !== 'POST') return void response.writeHead(405, { allow: 'POST' }).end();
    const message = recorded.body as Json | undefined;
    if (
      typeof message !== 'object' ||
      message === null ||
      Array.isArray(message) ||
      typeof message['method'] !== 'string'
    )
      return this.send(response, 400, {
        jsonrpc: '2.0',
        id: null,
        error: { code: -32600, message: 'Invalid request' },
      });
    const call: Call = { recorded, response, message, params: (message['params'] ?? {}) as Json };
    const modern = era === 'modern' || (era === 'dual' && isModernRequest(call.params));
    await (modern ? this.modern(call) : this.legacy(call));
  };

  private endSession({ headers }: RecordedRequest, response: ServerResponse): void {
    response.writeHead(this.sessions.delete(String(headers['mcp-session-id'])) ? 200 : 404).end();
  }

  private async legacy(call: Call): Promise<void> {
    const { message, params, response, recorded } = call;
    const { headers } = recorded;
    if (message['method'] === 'initialize') {
      const session = this.options.sessions ? randomUUID() : null;
      if (session !== null) {
        this.sessions.add(session);
        this.declared.set(session, (params['capabilities'] ?? {}) as Json);
      }
      const asked = params['protocolVersion'];
      const protocolVersion = legacyVersions.has(asked) ? asked : '2025-11-25';
      const result = { protocolVersion, capabilities, serverInfo, instructions };
      return this.reply(call, { result }, 200, session === null ? {} : { 'mcp-session-id': session });
    }
    const session = headers['mcp-session-id'];
    if (this.options.sessions && session === undefined)
      return this.refuse(call, 400, new FixtureError(-32000, 'Mcp-Session-Id is required'));
    if (this.options.sessions && !this.sessions.has(String(session)))
      return this.refuse(call, 404, new FixtureError(-32001, 'Session not found'));
    const version = headers['mcp-protocol-version'];
    if (version !== undefined && !legacyVersions.has(version))
      return this.refuse(call, 400, new FixtureError(-32000, 'Unsupported protocol version'));
    if (!('id' in message)) return void response.writeHead(202).end();
    if (message['method'] === 'ping') return this.reply(call, { result: {} });
    await this.run(call, -32002, (result) => result, this.declared.get(String(session)) ?? {});
  }

  private async modern(call: Call): Promise<void> {
    const { message, params, recorded, response } = call;
    const fault = checkModern(recorded.headers, message, params, this.catalogue);
    if (fault) return this.refuse(call, 400, fault);
    if (!('id' in message)) return void response.writeHead(202).end();
    const finish = (result: Json): Json => ({
      resultType: 'complete',
      ...(cacheable.has(String(message['method'])) ? { ttlMs: 1000, cacheScope: 'public' } : {}),
      ...result,
      _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
    });
    if (message['method'] === 'server/discover')
      return this.reply(call, { result: finish({ supportedVersions: ['2026-07-28'], capabilities, instructions }) });
    const meta = params['_meta'] as Json;
    await this.run(call, -32602, finish, meta['io.modelcontextprotocol/clientCapabilities'] as Json);
  }

  private async run(call: Call, notFound: number, finish: (result: Json) => Json, capabilities: Json): Promise<void> {
    const { message, params, response } = call;
    const gone = new AbortController();
    response.on('close', () => {
      if (response.writableFinished) return;
      this.aborted++;
      gone.abort();
    });
    const options = { pageSize: this.options.pageSize ?? Infinity, notFound, signal: gone.signal, capabilities };
    try {
      const result = await answerMethod(this.catalogue, String(message['method']), params, options);
      this.reply(call, { result: finish(result) });
    } catch (error) {
      if (error instanceof FixtureError)
        this.refuse(call, error.code === -32601 && isModernRequest(params) ? 404 : 200, error);
      else if (!gone.signal.aborted) throw error;
    }
  }

  private refuse(call: Call, status: number, { code, message, data }: FixtureError): void {
    this.reply(call, { error: data === undefined ? { code, message } : { code, message, data } }, status);
  }

  private reply(
    { message, params, response }: Call,
    body: Json,
    status = 200,
    headers: Record<string, string> = {},
  ): void {
    const answer = { jsonrpc: '2.0', id: message['id'] ?? null, ...body };
    if (!this.options.sse || status !== 200) return this.send(response, status, answer, headers);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', ...headers });
    response.write(': fixture\n\n');
    const progressToken = (params['_meta'] as Json | undefined)?.['progressToken'];
    if (progressToken !== undefined)
      response.write(
        `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 1 } })}\n\n`,
      );
    response.end(`event: message\ndata: ${JSON.stringify(answer)}\n\n`);
  }

  private send(response: ServerResponse, status: number, body: Json, headers: Record<string, string> = {}): void {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  }
}

/** Starts a fixture server on loopback; `await using` or `close()` ends it. */
export async function startFixtureServer(options: FixtureServerOptions): Promise<FixtureServer> {
  const fixture = new Fixture(options);
  const http = await startHttpFixture(fixture.answer, { port: options.port });
  return {
    ...http,
    catalogue: fixture.catalogue,
    sessions: fixture.sessions,
    get aborted() {
      return fixture.aborted;
    },
    methods: () =>
      http.requests.flatMap(({ body }) =>
        body && typeof body === 'object' && 'method' in body ? [String(body.method)] : [],
      ),
  };
}
