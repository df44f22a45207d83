import type { ReplyContext } from '../bridge/reply-context.js';
import type { JsonRpcResponse } from '../envelope/messages.js';

/** How a call went, as far as its answer says. */
export type AnswerOutcome = 'ok' | 'tool-error' | 'rpc-error';

/** The answer as it came: bytes where it was a JSON body (null from an event stream), text and parsed message. */
export interface UpstreamResponse {
  readonly kind: 'response';
  readonly status: number;
  readonly sessionId: string | null;
  readonly bytes: Buffer | null;
  readonly text: string;
  readonly message: JsonRpcResponse;
}

/** The answer, or the news that the legacy session is gone (404): initialize again. */
export type UpstreamReply = UpstreamResponse | { readonly kind: 'session-ended' };

/** Takes the pieces of an answer; a promise holds the upstream up. */
export type PieceTaker = (piece: Buffer) => void | Promise<void>;

/** An answer that has gone to its client. */
export interface PassedReply {
  readonly kind: 'passed';
  readonly outcome: AnswerOutcome;
}

/** A large answer that is still on its way, as JSON text. It must be piped or cancelled. */
export interface StreamedAnswer {
  readonly kind: 'stream';
  readonly status: number;
  readonly sessionId: string | null;
  /**
   * Hands the answer, as the client is to see it, to whoever `open` gives once it is known that it can go as it comes.
   * Where it cannot, and where `open` gives null, resolves to the answer as a whole. Rejects when the answer breaks off or
   * is none: what the client has of it by then must break off, too.
   */
  pipe(context: ReplyContext, open: () => PieceTaker | null): Promise<PassedReply | UpstreamResponse>;
  cancel(reason: Error): void;
}
