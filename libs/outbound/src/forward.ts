import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { DomainError } from '#kernel';
import { classifyNetworkError, describeUrl } from './classify-network-error.js';
import type { UpstreamPool } from './create-upstream-pools.js';
import { EventStreamParser, type ServerSentEvent } from './event-stream-parser.js';

/** One request to an upstream. */
export interface ForwardRequest {
  /** Path with query, as sent. */
  readonly path: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string | null;
  /** Milliseconds for the whole exchange, connecting included. */
  readonly timeoutMs: number;
  /** Bytes of body accepted; one more is UPSTREAM_TOO_LARGE. */
  readonly maxBytes: number;
  /** Cancels the exchange; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Takes the events of a `text/event-stream` answer as they come; returning true ends the exchange at once. Without
   * it such an answer is read to its end into `body`.
   */
  readonly onEvent?: ((event: ServerSentEvent) => boolean) | undefined;
}

/** What the upstream answered. `body` is empty when the events went to `onEvent`. */
export interface ForwardReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** After the wanted event the stream may end by itself this long, which keeps its connection usable. */
const LINGER_MS = 200;
const nothing = Buffer.alloc(0);

class Exchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | null = null;
  private status = 0;
  private headers: IncomingHttpHeaders = {};
  private chunks: Buffer[] = [];
  private size = 0;
  private events: EventStreamParser | null = null;
  private settled = false;
  private timer: NodeJS.Timeout;

  constructor(
    private readonly pool: UpstreamPool,
    private readonly request: ForwardRequest,
    private readonly resolve: (reply: ForwardReply) => void,
    private readonly reject: (error: unknown) => void,
  ) {
    this.timer = setTimeout(this.onTimeout, request.timeoutMs);
    request.signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.settled) controller.abort(new Error('already settled'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.status = status;
    this.headers = headers;
    if (Number(headers['content-length'] ?? 0) > this.request.maxBytes) this.fail(this.tooLarge());
    else if (this.request.onEvent && headers['content-type']?.toLowerCase().startsWith('text/event-stream'))
      this.events = new EventStreamParser();
    if (this.settled) controller.abort(new Error('already settled'));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.settled) return;
    this.size += chunk.length;
    if (this.size > this.request.maxBytes) this.fail(this.tooLarge());
    else if (this.events === null) this.chunks.push(chunk);
    else if (this.deliver(this.events, chunk)) this.finishEarly();
  }

  onResponseEnd(): void {
    const [first = nothing] = this.chunks;
    if (this.settle())
      this.resolve(this.reply(this.chunks.length <= 1 ? first : Buffer.concat(this.chunks, this.size)));
    clearTimeout(this.timer);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.settle()) this.reject(classifyNetworkError(error, this.pool.origin + this.request.path));
    clearTimeout(this.timer);
  }

  private deliver(events: EventStreamParser, chunk: Buffer): boolean {
    try {
      return events.push(chunk).some((event) => this.request.onEvent?.(event));
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  private reply(body: Buffer): ForwardReply {
    return { status: this.status, headers: this.headers, body };
  }

  private finishEarly(): void {
    if (!this.settle()) return;
    this.timer = setTimeout(() => this.controller?.abort(new Error('stopped')), LINGER_MS);
    this.timer.unref();
    this.resolve(this.reply(nothing));
  }

  private fail(error: unknown): void {
    if (!this.settle()) return;
    this.reject(error);
    this.controller?.abort(error instanceof Error ? error : new Error('cancelled'));
  }

  /** True for the first caller only. */
  private settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    clearTimeout(this.timer);
    this.request.signal?.removeEventListener('abort', this.onAbort);
    return true;
  }

  private tooLarge(): DomainError {
    return new DomainError(
      'UPSTREAM_TOO_LARGE',
      `The upstream at ${this.where()} answered with more than ${this.request.maxBytes} bytes. Raise GATEHOUSE_OUTBOUND_MAX_RESPONSE if it is meant.`,
    );
  }

  private where(): string {
    return describeUrl(this.pool.origin + this.request.path);
  }

  private readonly onAbort = (): void => this.fail(this.request.signal?.reason);

  private readonly onTimeout = (): void =>
    this.fail(
      new DomainError(
        'UPSTREAM_TIMEOUT',
        `The upstream at ${this.where()} did not answer within ${this.request.timeoutMs} ms. Check the upstream, or raise GATEHOUSE_OUTBOUND_REQUEST_TIMEOUT.`,
      ),
    );
}

/**
 * Sends one request to an upstream and reads its answer: redirects are not followed, time and size are bounded. Every
 * failure is a DomainError of the UPSTREAM_* family, except a cancellation, which rejects with the signal's reason.
 */
export const forward = (pool: UpstreamPool, request: ForwardRequest): Promise<ForwardReply> =>
  new Promise((resolve, reject) => {
    if (request.signal?.aborted) {
      reject(request.signal.reason);
      return;
    }
    const exchange = new Exchange(pool, request, resolve, reject);
    try {
      pool.dispatcher.dispatch(
        { path: request.path, method: request.method, headers: request.headers, body: request.body },
        exchange,
      );
    } catch (error) {
      exchange.onResponseError(undefined as never, error as Error);
    }
  });
