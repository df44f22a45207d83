import { forward, type ForwardReply, type UpstreamPool } from '#outbound';
import { named, readReply, replyHeader } from './read-reply.js';
import { HttpCall } from './http-call.js';
import { requestHeaders } from './request-headers.js';
import { streamedAnswer } from './streamed-answer.js';
import type { StreamedAnswer, UpstreamReply } from './upstream-reply.js';
import { overHttp, poolOf, sidePoolOf, type HttpConnection, type UpstreamConnection } from './upstream-connection.js';
import type { UpstreamIdentity } from './upstream-identity.js';
import type { LinkRequest, UpstreamLink } from './upstream-link.js';

/** An upstream of the modern era over HTTP: no state, so one link may serve everybody. */
class ModernLink implements UpstreamLink {
  readonly initializeResult = null;
  readonly closed = false;

  constructor(
    private readonly connection: HttpConnection,
    readonly identity: UpstreamIdentity,
  ) {}

  nextId(): null {
    return null;
  }

  // Every call passes here, and each async function on its way costs about as much as parsing its message.
  call(request: LinkRequest): Promise<UpstreamReply> {
    const call = new HttpCall(this.connection, request, null);
    return this.send(request, call).then((reply) => readReply(this.connection, request.id, reply, call.answer));
  }

  callOrStream(request: LinkRequest, above: number): Promise<UpstreamReply | StreamedAnswer> {
    const call = new HttpCall(this.connection, request, null);
    call.streamAbove = above;
    return this.send(request, call).then((reply) =>
      isStreamed(reply)
        ? streamedAnswer(this.connection, request.id, reply, replyHeader(reply, 'mcp-session-id'))
        : readReply(this.connection, request.id, reply, call.answer),
    );
  }

  async notify(text: string): Promise<void> {
    const { connection, identity } = this;
    const method = String((JSON.parse(text) as { method?: unknown }).method);
    const headers = { ...connection.headers, ...requestHeaders(identity, method, null) };
    const { path, timeoutMs, maxBytes } = connection;
    const request = { path, method: 'POST', headers, body: text, timeoutMs, maxBytes, onEvent: () => true } as const;
    await forward(sidePoolOf(connection), request).catch(() => undefined);
  }

  listen(): void {
    // Nothing comes that was not asked for: `subscriptions/listen` is a call.
  }

  async close(): Promise<void> {
    // There is nothing to end.
  }

  private send(request: LinkRequest, call: HttpCall): Promise<ForwardReply> {
    const { connection } = this;
    let pool = poolOf;
    if (request.method === 'subscriptions/listen') {
      // It stays open as long as the client likes, and must not take a connection from calls.
      call.timeoutMs = 0;
      call.maxMs = undefined;
      pool = sidePoolOf;
    }
    let target: UpstreamPool;
    try {
      target = pool(connection);
    } catch (error) {
      // An address that may not be dialled.
      return Promise.reject(named(connection, error));
    }
    return forward(target, call).catch((error: unknown) => {
      throw named(connection, error);
    });
  }
}

/** Whether the body of a good answer is too large to be held; a bad one is described by its status. */
export const isStreamed = (
  reply: ForwardReply,
): reply is ForwardReply & { readonly stream: NonNullable<ForwardReply['stream']> } => {
  if (reply.stream === null) return false;
  if (reply.status >= 200 && reply.status < 300) return true;
  reply.stream.cancel(new Error('not read'));
  return false;
};

/** The link to a modern upstream over HTTP. Nothing is sent; what `server/discover` said may be given as identity. */
export function createModernLink(
  connection: UpstreamConnection,
  protocolVersion: string,
  identity?: UpstreamIdentity,
): UpstreamLink {
  const unknown = { serverInfo: null, capabilities: {}, instructions: null, transport: connection.transport };
  return new ModernLink(
    overHttp(connection),
    identity ?? { era: 'MODERN', protocolVersion, sessionId: null, ...unknown },
  );
}
