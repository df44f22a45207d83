import type { Gateway } from '../gateway.js';
import { acceptsEventStream } from '../http/accepts-event-stream.js';
import { EventStream } from '../http/event-stream.js';
import type { Exchange } from '../http/exchange.js';
import { messageEvent } from '../http/message-event.js';
import { PassedAnswer } from '../http/passed-answer.js';
import { send } from '../http/send.js';
import type { AnswerSink } from '../relay/client-port.js';
import type { EventLog } from '../sessions/event-log.js';
import type { Session } from '../sessions/session.js';
import { ClientGone } from './call-error.js';
import { handedOver, type Answer } from './calls.js';

/** Where everything goes that belongs to one POST: its answers, and what is said before them. */
export interface Reply {
  /** Whether anything but answers can be said. */
  readonly canStream: boolean;
  /** Says something before the answers. A promise resolves when the client can take more. */
  say(text: string): void | Promise<void>;
  /** Takes the one answer as it comes; null where it has to be there as a whole. */
  pass(): AnswerSink | null;
  /** Ends the connection for now; the client comes back for the rest. Nothing happens where it cannot. */
  suspend(retryMs: number): void;
  /** Drops the client with everything that it has not taken, where the connection is this request's own. */
  cut(): void;
  /** Hears that the client has closed the connection before the answer. */
  onGone(listener: (reason: Error) => void): void;
  /** The session that `initialize` begins: its id goes out with the head of the answer. */
  carries(session: Session): void;
  /** Takes the answer of one message, which has this place in the body. */
  settle(answer: Answer, index: number): void;
  /** Every message has its answer. */
  finish(): void;
}

/** Revisions from here on let a server end a stream before its answer (SEP-1699). */
const pollingFrom = '2025-11-25';

/**
 * The answer to one POST over HTTP: one JSON text, unless something is to be said before it; then it is an event stream
 * that ends with the answer. A batch has one stream. What a session's client misses is kept for it.
 */
export class HttpReply implements Reply {
  #newSession: Session | null = null;
  #stream: EventStream | null = null;
  #log: EventLog | null = null;
  #only: Answer | null = null;
  #answers: Answer[] | null = null;
  #passed: PassedAnswer | null = null;
  #finished = false;

  constructor(
    private readonly gateway: Gateway,
    private readonly exchange: Exchange,
    private readonly session: Session | null,
    private readonly isBatch: boolean,
  ) {}

  get canStream(): boolean {
    if (this.#finished || this.#passed !== null) return false;
    if (this.#log !== null) return true;
    if (this.#stream !== null) return this.#stream.open;
    const { request, response } = this.exchange;
    return !response.destroyed && acceptsEventStream(request.headers.accept);
  }

  say(text: string): void | Promise<void> {
    if (!this.canStream) return;
    const stream = this.#stream ?? this.#begin();
    if (this.#log !== null) return this.#log.append(text, this.gateway.clock.now());
    return stream.write(messageEvent(text, null));
  }

  pass(): AnswerSink | null {
    if (this.isBatch || this.#stream !== null || this.#newSession !== null) return null;
    this.#passed = new PassedAnswer(this.gateway, this.exchange);
    return this.#passed;
  }

  suspend(retryMs: number): void {
    if (this.session === null || this.session.protocolVersion < pollingFrom || !this.canStream) return;
    if (this.#stream === null) this.#begin();
    this.#log?.suspend(retryMs);
  }

  cut(): void {
    this.exchange.response.destroy();
  }

  onGone(listener: (reason: Error) => void): void {
    const { response } = this.exchange;
    if (response.destroyed) listener(new ClientGone());
    else
      response.once('close', () => {
        if (!this.#finished) listener(new ClientGone());
      });
  }

  carries(session: Session): void {
    this.#newSession = session;
  }

  settle(answer: Answer, index: number): void {
    if (this.#stream === null && answer.isStream === true && this.canStream) this.#begin();
    if (this.#stream !== null) this.#write(answer);
    else if (!this.isBatch) this.#only = answer;
    else (this.#answers ??= [])[index] = answer;
  }

  finish(): void {
    this.#finished = true;
    if (this.#log !== null) this.#log.finish();
    else if (this.#stream !== null) this.#stream.end();
    else if (this.#only !== null) this.#sendOnly(this.#only);
    else this.#sendBatch(this.#answers ?? []);
  }

  #sendOnly(answer: Answer): void {
    if (answer === handedOver || this.#passed?.hasBegun === true) return;
    // The answer of a cancelled request is that there is none.
    if (answer.body === null && answer.status === 499) send(this.gateway, this.exchange, { status: 202, body: null });
    else send(this.gateway, this.exchange, answer);
  }

  #sendBatch(answers: readonly Answer[]): void {
    const bodies = answers.flatMap(({ body }) => (body === null ? [] : [body.toString()]));
    const [first] = answers;
    // What holds for the whole request, such as an unknown session, has to be seen in its status.
    const refused =
      first !== undefined && first.status >= 400 && answers.every(({ status }) => status === first.status);
    if (bodies.length === 0) send(this.gateway, this.exchange, { status: 202, body: null });
    else
      send(this.gateway, this.exchange, {
        status: refused && first.status === 404 ? 404 : 200,
        body: `[${bodies.join(',')}]`,
      });
  }

  #begin(): EventStream {
    const { gateway, exchange, session } = this;
    const headers = this.#newSession === null ? [] : ['mcp-session-id', this.#newSession.id];
    const stream = new EventStream(gateway, exchange, headers, () => this.#log?.detach(stream, gateway.clock.now()));
    this.#stream = stream;
    if (session !== null && !session.closed) {
      this.#log = session.openLog();
      this.#log.attach(stream, 0);
    }
    this.#answers?.forEach((answer) => this.#write(answer));
    return stream;
  }

  #write({ body }: Answer): void {
    if (body === null) return;
    const text = body.toString();
    if (this.#log !== null) void this.#log.append(text, this.gateway.clock.now());
    else void this.#stream?.write(messageEvent(text, null));
  }
}
