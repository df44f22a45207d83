import type { CancelSignal } from '#kernel';
import type { EventTaker, ForwardControl, ForwardRequest, ServerSentEvent, StreamPosition } from '#outbound';
import type { JsonRpcId, JsonRpcResponse } from '../envelope/messages.js';
import { isAnswerTo, readServerText, relayServerMessage, type SendAnswer } from './server-traffic.js';
import type { HttpConnection } from './upstream-connection.js';
import type { ServerMessages } from './upstream-link.js';

/** What {@link HttpCall} takes. */
export interface HttpCallInput {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
  readonly id: JsonRpcId;
  readonly signal?: CancelSignal | undefined;
  /** Milliseconds for this exchange; default the connection's. */
  readonly timeoutMs?: number | undefined;
  readonly messages?: ServerMessages | undefined;
}

/**
 * One JSON-RPC request in one POST, with what its event stream says until the answer comes. It is the request that
 * `forward` works with, so that a call costs one object; a broken stream is resumed with the same object as a GET.
 */
export class HttpCall implements ForwardRequest {
  readonly path: string;
  method: 'POST' | 'GET' = 'POST';
  headers: Readonly<Record<string, string>>;
  body: Buffer | string | null;
  timeoutMs: number;
  readonly headersTimeoutMs: number | undefined;
  maxMs: number | undefined;
  readonly maxBytes: number;
  readonly signal: CancelSignal | undefined;
  streamAbove: number | undefined = undefined;
  position: StreamPosition | undefined = undefined;
  /** When it was first sent, of the monotonic clock; 0 for one that is not resumed. */
  startedAt = 0;
  /** The answer, once an event stream has brought it. */
  answer: { readonly text: string; readonly message: JsonRpcResponse } | null = null;
  private readonly id: JsonRpcId;
  private readonly messages: ServerMessages | undefined;

  constructor(
    connection: HttpConnection,
    input: HttpCallInput,
    private readonly send: SendAnswer | null,
  ) {
    this.path = connection.path;
    this.headers = { ...connection.headers, ...input.headers };
    this.body = input.body;
    this.timeoutMs = input.timeoutMs ?? connection.timeoutMs;
    this.headersTimeoutMs = connection.headersTimeoutMs;
    this.maxMs = connection.maxRequestMs;
    this.maxBytes = connection.maxBytes;
    this.signal = input.signal;
    this.id = input.id;
    this.messages = input.messages;
  }

  onEvent(event: ServerSentEvent, control: ForwardControl): ReturnType<EventTaker> {
    if (event.data === '') return false;
    let waiting: Promise<void> | null = null;
    for (const { text, said } of readServerText(event.data)) {
      if (said.kind === 'response') {
        if (!isAnswerTo(said.message, this.id)) continue;
        this.answer = { text, message: said.message };
        return true;
      }
      const taken = relayServerMessage(said, text, this.messages, this.send, control);
      if (taken) waiting = waiting === null ? taken : Promise.all([waiting, taken]).then(() => undefined);
    }
    return waiting === null ? false : waiting.then(() => false);
  }
}
