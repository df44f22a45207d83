import { setTimeout as delay } from 'node:timers/promises';
import { forward, type ForwardReply, type ServerSentEvent, type StreamPosition } from '#outbound';
import { DEFAULT_RETRY_MS, streamHeaders } from './resume-call.js';
import { isEventStream } from './read-reply.js';
import { readServerText, relayServerMessage, type SendAnswer } from './server-traffic.js';
import { sidePoolOf, type HttpConnection } from './upstream-connection.js';
import type { UpstreamIdentity } from './upstream-identity.js';
import type { ServerMessages } from './upstream-link.js';

const MAX_RETRY_MS = 30_000;
/** Whatever the upstream asks for: one that closes its stream at once must not keep us busy. */
const MIN_RETRY_MS = 100;

/**
 * Keeps the GET stream of a legacy session open, on which the upstream sends what belongs to no call. It is opened again
 * where it broke off; an upstream that offers none (405, any other 4xx) is not asked again.
 */
export class LegacyListener {
  private readonly stopped = new AbortController();
  private readonly position: StreamPosition = { lastEventId: null, retryMs: null };
  /** Connections in a row that brought nothing. */
  private fruitless = 0;

  constructor(
    private readonly connection: HttpConnection,
    private readonly identity: UpstreamIdentity,
    private readonly messages: ServerMessages | undefined,
    private readonly send: SendAnswer,
    private readonly onSessionEnded: () => void,
    private readonly onOpen: (() => void) | undefined,
  ) {
    void this.run();
  }

  stop(): void {
    this.stopped.abort(new Error('the link is closed'));
  }

  private async run(): Promise<void> {
    const { signal } = this.stopped;
    while (!signal.aborted) {
      const reply = await this.open();
      if (signal.aborted) return;
      if (reply !== null && reply.status >= 400 && reply.status < 500) {
        if (reply.status === 404 && this.identity.sessionId !== null) this.onSessionEnded();
        return;
      }
      if (reply !== null && !isEventStream(reply) && reply.status < 400) return;
      const retryMs = Math.max(MIN_RETRY_MS, this.position.retryMs ?? DEFAULT_RETRY_MS);
      const wait = retryMs * 2 ** Math.min(this.fruitless++, 5);
      await delay(Math.min(wait, MAX_RETRY_MS), undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** The reply when the stream has ended; null when it could not be opened or broke. */
  private async open(): Promise<ForwardReply | null> {
    const { connection, identity, position } = this;
    try {
      return await forward(sidePoolOf(connection), {
        path: connection.path,
        method: 'GET',
        headers: streamHeaders(connection, identity, position.lastEventId),
        body: null,
        // It may be silent for days.
        timeoutMs: 0,
        maxBytes: connection.maxBytes,
        signal: this.stopped.signal,
        position,
        onStream: (status) => {
          if (status < 400) this.onOpen?.();
        },
        onEvent: (event) => this.take(event),
      });
    } catch {
      return null;
    }
  }

  private take(event: ServerSentEvent): boolean | Promise<boolean> {
    this.fruitless = 0;
    const waiting: Promise<void>[] = [];
    for (const { text, said } of readServerText(event.data)) {
      const taken = relayServerMessage(said, text, this.messages, this.send, null);
      if (taken) waiting.push(taken);
    }
    return waiting.length === 0 ? false : Promise.all(waiting).then(() => false);
  }
}
