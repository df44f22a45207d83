import type { CancelSignal } from '#kernel';
import type { IncomingHttpHeaders } from 'node:http';
import type { ServerSentEvent } from './event-stream-parser.js';

/** What a taker of events may do to the exchange that they come from. */
export interface ForwardControl {
  /** Starts `timeoutMs` anew: the upstream has shown that it is at work. */
  restart(): void;
  /** Stops the clock of `timeoutMs`, as often as it is called, while the upstream waits for us; `maxMs` goes on. */
  hold(): void;
  /** Undoes one `hold()`; the time starts anew. */
  release(): void;
}

/** How far an event stream was read, for whoever may have to resume it (WHATWG HTML §9.2). */
export interface StreamPosition {
  lastEventId: string | null;
  retryMs: number | null;
}

/** Takes an event; true ends the exchange. While a promise is pending, nothing more is read from the upstream. */
export type EventTaker = (event: ServerSentEvent, control: ForwardControl) => boolean | Promise<boolean>;

/** One request to an upstream. */
export interface ForwardRequest {
  /** Path with query, as sent. */
  readonly path: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string | null;
  /** Milliseconds for the exchange, connecting included, unless a taker of events starts them anew. 0: no limit. */
  readonly timeoutMs: number;
  /** Milliseconds from sending to the first byte of the answer; default no limit of its own. */
  readonly headersTimeoutMs?: number | undefined;
  /** Milliseconds for the exchange that nothing starts anew; default no limit. */
  readonly maxMs?: number | undefined;
  /** Bytes accepted of a body, or of one event of an event stream; one more is UPSTREAM_TOO_LARGE. */
  readonly maxBytes: number;
  /** Cancels the exchange; the promise then rejects with the signal's reason. */
  readonly signal?: CancelSignal | undefined;
  /**
   * Takes the events of a `text/event-stream` answer as they come. Without it such an answer is read to its end into
   * `body`.
   */
  readonly onEvent?: EventTaker | undefined;
  /** Hears that an event stream has begun, before its first event. */
  readonly onStream?: ((status: number) => void) | undefined;
  /** Filled while an event stream is read. */
  readonly position?: StreamPosition | undefined;
  /** A body of more than so many bytes is handed out as `stream`; default: every body is read whole. */
  readonly streamAbove?: number | undefined;
}

/** A body that comes chunk by chunk. It must be read or cancelled: its connection waits for that. */
export interface BodyStream {
  /** Bytes that the upstream announced; null where it did not. */
  readonly length: number | null;
  /**
   * Hands every chunk to `sink`; a promise holds the upstream up until it resolves. Rejects when the upstream breaks
   * off, is too slow or sends too much, when the request is cancelled, and with what `sink` throws.
   */
  pipe(sink: (chunk: Buffer) => void | Promise<void>): Promise<void>;
  /** Gives the rest up. */
  cancel(reason: Error): void;
}

/** What the upstream answered. `body` is empty when the events went to `onEvent`, or the rest comes as `stream`. */
export interface ForwardReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly stream: BodyStream | null;
}
