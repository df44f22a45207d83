import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { BytePile, DomainError } from '#kernel';
import { classifyNetworkError, describeUrl } from './classify-network-error.js';
import { EventStreamParser, type ServerSentEvent } from './event-stream-parser.js';
import type { BodyStream, ForwardControl, ForwardReply, ForwardRequest } from './forward-request.js';
import { RequestClock, type LateListener } from './request-clock.js';

/** After the wanted event the stream may end by itself this long, which keeps its connection usable. */
const LINGER_MS = 200;
const nothing = Buffer.alloc(0);
const noHeaders: IncomingHttpHeaders = {};
const remedies = {
  timeout: 'GATEHOUSE_OUTBOUND_REQUEST_TIMEOUT',
  headers: 'GATEHOUSE_OUTBOUND_HEADERS_TIMEOUT',
  max: 'GATEHOUSE_OUTBOUND_MAX_REQUEST',
} as const;

type Sink = (chunk: Buffer) => void | Promise<void>;

/**
 * One request and its answer, as undici drives it. The answer is read whole, or handed out event by event, or chunk by
 * chunk; in the latter two, whoever takes the pieces sets the pace, and undici reads no further meanwhile.
 */
export class HttpExchange implements Dispatcher.DispatchHandler, ForwardControl, BodyStream, LateListener {
  length: number | null = null;
  private controller: Dispatcher.DispatchController | null = null;
  private status = 0;
  private headers: IncomingHttpHeaders = noHeaders;
  /** What came of a body and was not handed out. */
  private pile: BytePile | null = null;
  private size = 0;
  private events: EventStreamParser | null = null;
  private readonly clock: RequestClock;
  /** The reply promise is settled. */
  private settled = false;
  /** Nothing more is wanted of the upstream. */
  private done = false;
  private linger: NodeJS.Timeout | undefined;
  // What is taken piece by piece: undici may deliver more after a pause when the upstream closes the connection.
  private queue: ServerSentEvent[] | null = null;
  /** How many of the queue have been handed out. */
  private taken = 0;
  private isBusy = false;
  private ended: Error | true | null = null;
  private isStreaming = false;
  private sink: Sink | null = null;
  private failure: unknown = null;
  private streamEnd: { resolve(): void; reject(error: unknown): void } | null = null;

  constructor(
    private readonly origin: string,
    private readonly request: ForwardRequest,
    private readonly resolve: (reply: ForwardReply) => void,
    private readonly reject: (error: unknown) => void,
  ) {
    this.clock = new RequestClock(request, this);
    request.signal?.addEventListener('abort', this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.done) controller.abort(new Error('already settled'));
    else this.clock.sent();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200 || this.done) return;
    this.clock.answered();
    this.status = status;
    this.headers = headers;
    const { maxBytes, onEvent, streamAbove = Infinity } = this.request;
    if (onEvent && headers['content-type']?.toLowerCase().startsWith('text/event-stream')) {
      this.events = new EventStreamParser();
      this.request.onStream?.(status);
      return;
    }
    const announced = headers['content-length'];
    if (announced === undefined) return;
    this.length = Number(announced);
    if (this.length > maxBytes) this.fail(this.tooLarge());
    else if (this.length > streamAbove) this.beginStreaming(controller);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.done) return;
    if (this.events !== null) {
      this.takeEvents(this.events, chunk);
      return;
    }
    this.size += chunk.length;
    const { maxBytes, streamAbove = Infinity } = this.request;
    if (this.size > maxBytes) this.fail(this.tooLarge());
    else if (this.isStreaming) {
      (this.pile ??= new BytePile()).push(chunk);
      this.drain();
    } else {
      (this.pile ??= new BytePile()).push(chunk);
      if (this.size > streamAbove) this.beginStreaming(controller);
    }
  }

  onResponseEnd(): void {
    clearTimeout(this.linger);
    this.end(true);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    clearTimeout(this.linger);
    this.end(error);
  }

  restart(): void {
    this.clock.restart();
  }

  hold(): void {
    this.clock.hold();
  }

  release(): void {
    this.clock.release();
  }

  pipe(sink: Sink): Promise<void> {
    return new Promise((resolve, reject) => {
      this.streamEnd = { resolve, reject };
      if (this.failure !== null) reject(this.failure);
      else {
        this.sink = sink;
        this.drain();
      }
    });
  }

  cancel(reason: Error): void {
    this.fail(reason);
  }

  /** The signal of the request. */
  handleEvent(): void {
    this.fail(this.request.signal?.reason);
  }

  onLate(limit: keyof typeof remedies, ms: number): void {
    const doing = limit === 'headers' ? 'begin to answer' : 'answer';
    this.fail(
      new DomainError(
        'UPSTREAM_TIMEOUT',
        `The upstream at ${this.where()} did not ${doing} within ${ms} ms. Check the upstream, or raise ${remedies[limit]}.`,
      ),
    );
  }

  private takeEvents(events: EventStreamParser, chunk: Buffer): void {
    const queue = (this.queue ??= []);
    for (const event of events.push(chunk)) queue.push(event);
    const { maxBytes, position } = this.request;
    if (position !== undefined) {
      position.lastEventId = events.lastEventId ?? position.lastEventId;
      position.retryMs = events.retryMs ?? position.retryMs;
    }
    this.drain();
    if (events.pending > maxBytes) this.fail(this.tooLarge());
  }

  private beginStreaming(controller: Dispatcher.DispatchController): void {
    this.isStreaming = true;
    // Until it is known where they go, no chunks are wanted.
    controller.pause();
    this.settled = true;
    this.resolve(this.reply(nothing));
  }

  /** Hands out what waits, one piece after the other, and reads on when there is nothing left. */
  private drain(): void {
    if (this.isBusy || (this.isStreaming && this.sink === null)) return;
    for (let piece = this.nextPiece(); piece !== null; piece = this.nextPiece()) {
      const taken = this.take(piece);
      if (taken instanceof Promise) {
        this.isBusy = true;
        this.controller?.pause();
        this.clock.hold();
        taken.then(
          (isLast) => this.resumeAfter(isLast === true),
          (error: unknown) => this.fail(error),
        );
        return;
      }
      if (taken) this.finishEarly();
      if (this.done) return;
    }
    if (this.ended !== null) this.end(this.ended);
    else this.controller?.resume();
  }

  /** The next event, or all bytes that wait: an upstream may cut them into as many pieces as it has bytes. */
  private nextPiece(): ServerSentEvent | Buffer | null {
    const { pile, queue } = this;
    if (this.isStreaming) return pile === null || pile.length === 0 ? null : pile.take();
    const event = queue?.[this.taken++];
    if (event !== undefined) return event;
    this.queue = null;
    this.taken = 0;
    return null;
  }

  private take(piece: ServerSentEvent | Buffer): boolean | Promise<boolean | void> {
    try {
      if (!Buffer.isBuffer(piece)) return this.request.onEvent?.(piece, this) ?? false;
      return this.sink?.(piece) ?? false;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  private resumeAfter(isLast: boolean): void {
    this.isBusy = false;
    if (this.done) return;
    this.clock.release();
    if (isLast) this.finishEarly();
    else this.drain();
  }

  /** The upstream has sent everything, or has broken off; what it sent is handed out first. */
  private end(how: Error | true): void {
    if (this.done) return;
    if (this.isBusy || this.queue !== null || (this.isStreaming && this.sink === null)) {
      this.ended = how;
      return;
    }
    if (how !== true) {
      this.fail(classifyNetworkError(how, this.origin + this.request.path));
      return;
    }
    this.finish();
    if (this.isStreaming) this.streamEnd?.resolve();
    else this.settle(this.pile?.take() ?? nothing);
  }

  private finishEarly(): void {
    this.finish();
    this.linger = setTimeout(() => this.controller?.abort(new Error('stopped')), LINGER_MS);
    this.linger.unref();
    this.controller?.resume();
    this.settle(nothing);
  }

  private fail(error: unknown): void {
    if (this.done) return;
    this.finish();
    this.failure = error;
    if (this.isStreaming) this.streamEnd?.reject(error);
    else if (!this.settled) {
      this.settled = true;
      this.reject(error);
    }
    this.controller?.abort(error instanceof Error ? error : new Error('cancelled'));
  }

  private finish(): void {
    this.done = true;
    this.queue = null;
    this.pile = this.isStreaming ? null : this.pile;
    this.clock.stop();
    this.request.signal?.removeEventListener('abort', this);
  }

  private settle(body: Buffer): void {
    if (this.settled) return;
    this.settled = true;
    this.resolve(this.reply(body));
  }

  private reply(body: Buffer): ForwardReply {
    return { status: this.status, headers: this.headers, body, stream: this.isStreaming ? this : null };
  }

  private tooLarge(): DomainError {
    return new DomainError(
      'UPSTREAM_TOO_LARGE',
      `The upstream at ${this.where()} answered with more than ${this.request.maxBytes} bytes. Raise GATEHOUSE_OUTBOUND_MAX_RESPONSE if it is meant.`,
    );
  }

  private where(): string {
    return describeUrl(this.origin + this.request.path);
  }
}
