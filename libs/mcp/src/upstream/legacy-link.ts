import { DomainError } from '#kernel';
import { forward, type ForwardReply } from '#outbound';
import { STREAM_VERSIONS } from '../era/protocol-versions.js';
import { memberValue } from '../json/json-text.js';
import { cancelledNotification, isOurs } from './cancellation.js';
import { isEventStream, named, readReply, replyHeader } from './read-reply.js';
import { HttpCall } from './http-call.js';
import { initializeRequest, readInitializeAnswer } from './initialize.js';
import { LegacyListener } from './legacy-listener.js';
import { MOST_POSTS } from './multiplexed-calls.js';
import { closeLegacySession, notifyInitialized } from './legacy-session.js';
import { isStreamed } from './modern-link.js';
import { refusalError, unsupportedVersion, UpstreamRpcError } from './refusals.js';
import { requestHeaders } from './request-headers.js';
import { isResumable, resumeCall } from './resume-call.js';
import { streamedAnswer } from './streamed-answer.js';
import type { StreamedAnswer, UpstreamReply } from './upstream-reply.js';
import { poolOf, sidePoolOf, type HttpConnection } from './upstream-connection.js';
import type { UpstreamIdentity } from './upstream-identity.js';
import type { LinkOptions, LinkRequest, UpstreamLink } from './upstream-link.js';

/** `initialize` has id 1. */
const firstId = 2;

/** Whether the reply is a stream that ended before its answer, and can be resumed. */
const isCutOff = ({ answer, position }: HttpCall, reply: ForwardReply): boolean =>
  answer === null && reply.status < 300 && position !== undefined && isResumable(position) && isEventStream(reply);

/** One session at a legacy upstream over streamable HTTP, or the use of one that keeps no sessions. */
export class LegacyLink implements UpstreamLink {
  closed = false;
  private lastId = firstId - 1;
  /** Answers of ours that are on their way. */
  private posting = 0;
  private listener: LegacyListener | null = null;

  constructor(
    private readonly connection: HttpConnection,
    readonly identity: UpstreamIdentity,
    readonly initializeResult: string,
    private readonly options: LinkOptions,
  ) {}

  nextId(): number | null {
    return this.identity.sessionId === null ? null : ++this.lastId;
  }

  call(request: LinkRequest): Promise<UpstreamReply> {
    return this.run(request);
  }

  callOrStream(request: LinkRequest, above: number): Promise<UpstreamReply | StreamedAnswer> {
    return this.run(request, above);
  }

  async notify(text: string): Promise<void> {
    const { connection, identity } = this;
    const { path, timeoutMs, maxBytes } = connection;
    const headers = { ...connection.headers, ...requestHeaders(identity, '', null) };
    const request = { path, method: 'POST', headers, body: text, timeoutMs, maxBytes, onEvent: () => true } as const;
    try {
      this.hasEnded(await forward(sidePoolOf(connection), request));
    } catch {
      // Nobody waits for it.
    }
  }

  listen(): void {
    if (this.closed || this.listener !== null) return;
    const { onListening, unsolicited } = this.options;
    const onSessionEnded = () => this.lose();
    this.listener = new LegacyListener(
      ...([this.connection, this.identity, unsolicited, this.post, onSessionEnded, onListening] as const),
    );
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.listener?.stop();
    await closeLegacySession(this.connection, this.identity);
  }

  /** Sends an answer of ours, or a notification, which no one waits for. */
  private readonly post = (text: string): void => {
    // Each needs a connection: an upstream that asks faster than it takes answers gets no more of them.
    if (this.posting >= MOST_POSTS) return;
    this.posting++;
    void this.notify(text).finally(() => this.posting--);
  };

  private run(request: LinkRequest): Promise<UpstreamReply>;
  private run(request: LinkRequest, streamAbove: number): Promise<UpstreamReply | StreamedAnswer>;
  /** Every call passes here, and each async function on its way costs about as much as parsing its message. */
  private async run(request: LinkRequest, streamAbove?: number): Promise<UpstreamReply | StreamedAnswer> {
    if (this.closed) return { kind: 'session-ended' };
    const { connection } = this;
    const call = new HttpCall(connection, request, this.post);
    call.position = { lastEventId: null, retryMs: null };
    call.startedAt = performance.now();
    call.streamAbove = streamAbove;
    let reply: ForwardReply;
    try {
      reply = await forward(poolOf(connection), call);
    } catch (error) {
      reply = this.broken(request, call, error);
    }
    if (isCutOff(call, reply)) reply = await this.resume(request, call);
    if (streamAbove !== undefined && isStreamed(reply))
      return streamedAnswer(connection, request.id, reply, replyHeader(reply, 'mcp-session-id'));
    if (this.hasEnded(reply)) return { kind: 'session-ended' };
    return readReply(connection, request.id, reply, call.answer);
  }

  /** The stream of a connection that broke after it had begun, and can be resumed; throws for all else. */
  private broken(request: LinkRequest, call: HttpCall, error: unknown): ForwardReply {
    const broke = error instanceof DomainError && error.code === 'UPSTREAM_REFUSED';
    if (!broke || !call.position || !isResumable(call.position)) return this.failed(request, error);
    return { status: 200, headers: { 'content-type': 'text/event-stream' }, body: Buffer.alloc(0), stream: null };
  }

  /** The rest of a stream that ended before its answer. */
  private async resume(request: LinkRequest, call: HttpCall): Promise<ForwardReply> {
    const { connection, identity } = this;
    const { startedAt } = call;
    const position = call.position ?? { lastEventId: null, retryMs: null };
    try {
      return await resumeCall({ connection, identity, request, call, position, startedAt });
    } catch (error) {
      return this.failed(request, error);
    }
  }

  /** Throws the error with the upstream's name, after telling the upstream about a request that was given up here. */
  private failed(request: LinkRequest, error: unknown): never {
    const { connection, identity } = this;
    if (isOurs(error, request) && request.method !== 'initialize' && identity.sessionId !== null)
      void this.notify(cancelledNotification(request.id, error));
    throw named(connection, error);
  }

  private hasEnded({ status }: ForwardReply): boolean {
    if (status !== 404 || this.identity.sessionId === null) return false;
    this.lose();
    return true;
  }

  private lose(): void {
    if (this.closed) return;
    this.closed = true;
    this.listener?.stop();
    this.options.onClosed?.();
  }
}

/**
 * Opens a legacy session: `initialize` for the given client, then `notifications/initialized`. A refusal is the
 * DomainError of the error table whose cause is the UpstreamRpcError; a revision that is not spoken here is
 * UPSTREAM_UNSUPPORTED_VERSION.
 */
export async function openLegacyLink(connection: HttpConnection, options: LinkOptions): Promise<UpstreamLink> {
  const { client, signal, unsolicited } = options;
  const opening = { era: 'LEGACY', protocolVersion: '', sessionId: null } as const;
  const headers = requestHeaders(opening, 'initialize', null);
  const body = initializeRequest(1, client);
  const call = new HttpCall(connection, { id: 1, headers, body, signal, messages: unsolicited }, null);
  try {
    const reply = await forward(poolOf(connection), call);
    const answer = readReply(connection, 1, reply, call.answer);
    const identity = readInitializeAnswer(connection, answer, 'STREAMABLE_HTTP');
    if (!STREAM_VERSIONS.includes(identity.protocolVersion)) {
      await closeLegacySession(connection, identity);
      throw unsupportedVersion(connection, [identity.protocolVersion]);
    }
    await notifyInitialized(connection, identity, signal);
    return new LegacyLink(connection, identity, memberValue(answer.text, 'result') ?? '{}', options);
  } catch (error) {
    throw error instanceof UpstreamRpcError ? refusalError(connection, error, 'initialize') : named(connection, error);
  }
}
