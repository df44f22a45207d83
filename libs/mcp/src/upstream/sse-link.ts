import { DomainError } from '#kernel';
import { forward, type ForwardReply, type ServerSentEvent } from '#outbound';
import { STREAM_VERSIONS } from '../era/protocol-versions.js';
import { memberValue } from '../json/json-text.js';
import { isEventStream, named } from './read-reply.js';
import type { UpstreamReply } from './upstream-reply.js';
import { INITIALIZED, initializeRequest, readInitializeAnswer } from './initialize.js';
import { MultiplexedCalls, type Wire } from './multiplexed-calls.js';
import { refusalError, unsupportedVersion, UpstreamRpcError } from './refusals.js';
import { requestHeaders } from './request-headers.js';
import { statusError } from './status-error.js';
import { poolOf, sidePoolOf, upstreamError, type HttpConnection } from './upstream-connection.js';
import type { UpstreamIdentity } from './upstream-identity.js';
import type { LinkOptions, LinkRequest, UpstreamLink } from './upstream-link.js';

const opening: UpstreamIdentity = {
  era: 'LEGACY',
  protocolVersion: '',
  sessionId: null,
  serverInfo: null,
  capabilities: {},
  instructions: null,
  transport: 'SSE',
};

/** An upstream over HTTP+SSE (2024-11-05): one stream brings everything, requests go to the address that it names. */
class SseLink implements UpstreamLink, Wire {
  identity = opening;
  initializeResult: string | null = null;
  closed = false;
  readonly name: string;
  readonly timeoutMs: number;
  readonly maxRequestMs: number | undefined;
  private readonly calls: MultiplexedCalls;
  private readonly stream = new AbortController();
  private endpoint: string | null = null;
  private isOpen = false;

  constructor(
    private readonly connection: HttpConnection,
    private readonly options: LinkOptions,
  ) {
    this.name = connection.name;
    this.timeoutMs = connection.timeoutMs;
    this.maxRequestMs = connection.maxRequestMs;
    this.calls = new MultiplexedCalls(this, options.unsolicited);
  }

  nextId(): number {
    return this.calls.nextId();
  }

  call(request: LinkRequest): Promise<UpstreamReply> {
    if (this.closed) return Promise.reject(this.streamEnded());
    return this.calls.call(request);
  }

  callOrStream(request: LinkRequest): Promise<UpstreamReply> {
    return this.call(request);
  }

  async notify(text: string): Promise<void> {
    await this.send(text, null).catch(() => undefined);
  }

  listen(): void {
    // The one stream brings everything.
  }

  async close(): Promise<void> {
    this.isOpen = false;
    this.end(this.streamEnded());
  }

  async send(body: Buffer | string, request: LinkRequest | null): Promise<void> {
    const { connection } = this;
    if (this.endpoint === null || this.closed) throw this.streamEnded();
    const headers = { ...connection.headers, ...(request?.headers ?? requestHeaders(this.identity, '', null)) };
    const { timeoutMs, maxBytes } = connection;
    const post = {
      path: this.endpoint,
      method: 'POST',
      headers,
      body,
      timeoutMs,
      maxBytes,
      onEvent: () => true,
    } as const;
    let reply: ForwardReply;
    try {
      reply = await forward(request === null ? sidePoolOf(connection) : poolOf(connection), post);
    } catch (error) {
      throw named(connection, error);
    }
    const failed = statusError(connection, reply.status, reply.headers);
    if (failed) throw failed;
    if (reply.status >= 400)
      throw upstreamError(
        'UPSTREAM_NOT_MCP',
        connection,
        `refused a message with status ${reply.status}. Look at its log.`,
        {
          status: reply.status,
        },
      );
  }

  /** Opens the stream, waits for the address of requests, and shakes hands. */
  async open(): Promise<void> {
    const { client, signal } = this.options;
    const onAbort = () => this.end(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    try {
      await this.openStream();
      const id = this.nextId();
      const headers = requestHeaders(opening, 'initialize', null);
      const request = { id, headers, body: initializeRequest(id, client), method: 'initialize', signal };
      const answer = await this.calls.call(request);
      const identity = readInitializeAnswer(this.connection, answer, 'SSE');
      if (!STREAM_VERSIONS.includes(identity.protocolVersion))
        throw unsupportedVersion(this.connection, [identity.protocolVersion]);
      this.identity = identity;
      this.initializeResult = memberValue(answer.text, 'result');
      await this.send(INITIALIZED, null);
      this.isOpen = true;
    } catch (error) {
      await this.close();
      throw error instanceof UpstreamRpcError ? refusalError(this.connection, error, 'initialize') : error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  private openStream(): Promise<void> {
    const { connection } = this;
    const { path, maxBytes, timeoutMs } = connection;
    const headers = { ...connection.headers, accept: 'text/event-stream' };
    return new Promise((resolve, reject) => {
      const late = upstreamError(
        'UPSTREAM_TIMEOUT',
        connection,
        `named no address for requests within ${timeoutMs} ms. Check the upstream.`,
      );
      const timer = setTimeout(() => this.end(late), timeoutMs);
      const fail = (error: unknown) => {
        clearTimeout(timer);
        reject(error);
        this.end(error);
      };
      const onEvent = (event: ServerSentEvent): boolean | Promise<boolean> => {
        if (event.event !== 'endpoint') return this.calls.take(event.data, null)?.then(() => false) ?? false;
        // The first one counts: no call is sent elsewhere later on.
        this.endpoint ??= endpointOf(connection, event.data);
        clearTimeout(timer);
        resolve();
        return false;
      };
      const { signal } = this.stream;
      forward(sidePoolOf(connection), {
        path,
        method: 'GET',
        headers,
        body: null,
        timeoutMs: 0,
        maxBytes,
        signal,
        onEvent,
      }).then(
        (reply) => fail(this.whyEnded(reply)),
        (error: unknown) => fail(named(connection, error)),
      );
    });
  }

  private whyEnded(reply: ForwardReply): DomainError {
    const { connection } = this;
    if (isEventStream(reply) && reply.status < 300) return this.streamEnded();
    return statusError(connection, reply.status, reply.headers) ?? notSse(connection, reply.status);
  }

  private streamEnded(): DomainError {
    return upstreamError(
      'UPSTREAM_REFUSED',
      this.connection,
      'closed the event stream that its answers come on. Check that the server runs.',
    );
  }

  /** Everything that still waits fails with `error`. */
  private end(error: unknown): void {
    if (this.closed) return;
    this.closed = true;
    this.stream.abort(error);
    this.calls.failAll(error instanceof DomainError ? error : this.streamEnded());
    if (this.isOpen) this.options.onClosed?.();
  }
}

const notSse = (connection: HttpConnection, status: number): DomainError =>
  upstreamError(
    'UPSTREAM_NOT_MCP',
    connection,
    `answered with status ${status} and no event stream. Check that its address is an MCP endpoint of HTTP+SSE (often it ends in /sse).`,
    { status },
  );

/** The path for requests. One on another origin would take the credential there, past the guard. */
function endpointOf({ name, origin, path }: HttpConnection, data: string): string {
  const url = URL.canParse(data, origin + path) ? new URL(data, origin + path) : null;
  if (url?.origin !== origin)
    throw upstreamError('UPSTREAM_NOT_MCP', { name }, 'wants requests to go to another origin. Mend the upstream.');
  return url.pathname + url.search;
}

/** Opens an upstream over HTTP+SSE; errors as from `openLegacyLink`. */
export async function openSseLink(connection: HttpConnection, options: LinkOptions): Promise<UpstreamLink> {
  const link = new SseLink(connection, options);
  await link.open();
  return link;
}
