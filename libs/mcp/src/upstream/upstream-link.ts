import type { CancelSignal } from '#kernel';
import type { Implementation } from './upstream-connection.js';
import type { JsonObject, JsonRpcId, JsonRpcNotification, JsonRpcRequest } from '../envelope/messages.js';
import type { StreamedAnswer, UpstreamReply } from './upstream-reply.js';
import type { UpstreamIdentity } from './upstream-identity.js';

/** A message as it came: parsed, and its exact text. */
export interface RawMessage<T> {
  readonly message: T;
  readonly text: string;
}

/** How a request of a server was answered, as JSON text: the `result`, or the `error` object. */
export type RequestOutcome = { readonly result: string } | { readonly error: string };

/** Takes what an upstream says beside its answers. */
export interface ServerMessages {
  /** A promise holds the upstream up until it resolves (backpressure); it never rejects. */
  notification(message: RawMessage<JsonRpcNotification>): void | Promise<void>;
  /** Answers a request of the upstream (sampling, elicitation, roots); never rejects. `ping` never comes here. */
  request(message: RawMessage<JsonRpcRequest>): Promise<RequestOutcome>;
  /** The upstream ended the stream of a call before its answer and will be asked for the rest after so long (SEP-1699). */
  suspended?(retryMs: number): void;
}

/** One request over a link. */
export interface LinkRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
  /** The id inside `body`; `nextId()` of the link where that gives one. */
  readonly id: JsonRpcId;
  readonly method: string;
  /** Aborted: the upstream is told (legacy: `notifications/cancelled`; modern: the connection is closed). */
  readonly signal?: CancelSignal | undefined;
  /** What the upstream says that belongs to this request. Without it such messages are dropped and requests refused. */
  readonly messages?: ServerMessages | undefined;
}

/**
 * A conversation with one upstream, whatever its transport and era: for a legacy upstream one session, for a modern one
 * nothing but its address.
 */
export interface UpstreamLink {
  readonly identity: UpstreamIdentity;
  /** Legacy: the text of the upstream's `initialize` result; null in the modern era. */
  readonly initializeResult: string | null;
  /** True once the upstream has ended the session, the stream broke or the process exited: open another one. */
  readonly closed: boolean;
  /** The id that the next request must carry; null where every request has a connection of its own. */
  nextId(): number | null;
  /** Errors are DomainErrors of the UPSTREAM_* family; a cancellation rejects with the signal's reason. */
  call(request: LinkRequest): Promise<UpstreamReply>;
  /**
   * Like `call`, but an answer that comes as one JSON body of more than `above` bytes is not held: it is handed out as
   * it comes. Answers in event streams and over other transports come as from `call`.
   */
  callOrStream(request: LinkRequest, above: number): Promise<UpstreamReply | StreamedAnswer>;
  /** Passes a notification on; failures are swallowed: nobody waits for it. */
  notify(text: string): Promise<void>;
  /** Legacy HTTP: opens the GET stream, and keeps it open, so that unsolicited messages come. Elsewhere nothing to do. */
  listen(): void;
  /** Ends session, stream or process. Never fails. */
  close(): Promise<void>;
}

/** For whom a link is opened. */
export interface LinkOptions {
  /** Declared to a legacy upstream at `initialize`; the version asked for is the newest legacy one unless named. */
  readonly client: {
    readonly info: Implementation | JsonObject;
    readonly capabilities: JsonObject;
    readonly protocolVersion?: string | undefined;
  };
  /** The user whose process it is, where it is one; each has a share of those that an upstream may run. */
  readonly userId?: string | undefined;
  /** What comes outside of a call. */
  readonly unsolicited?: ServerMessages | undefined;
  /**
   * Legacy HTTP: hears that the stream that `listen` asked for has opened, also again after a break; what the upstream
   * said before may be lost.
   */
  readonly onListening?: (() => void) | undefined;
  /** Hears once that the link has closed without `close()`. */
  readonly onClosed?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}
