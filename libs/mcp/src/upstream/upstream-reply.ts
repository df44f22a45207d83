import type { JsonRpcId, JsonRpcResponse } from '../envelope/messages.js';
import type { AnswerOutcome } from './answer-scanner.js';

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

/** An answer too large to be held, as JSON text that passes through. It must be piped or cancelled. */
export interface StreamedAnswer {
  readonly kind: 'stream';
  readonly status: number;
  readonly sessionId: string | null;
  /**
   * Hands the text to `sink`, the client's id in its place, everything else byte for byte; a promise holds the upstream
   * up. Resolves to how the call went. Rejects when the answer breaks off or is none: then the client's must break off.
   */
  pipe(sink: (chunk: Buffer) => void | Promise<void>, clientId: JsonRpcId): Promise<AnswerOutcome>;
  cancel(reason: Error): void;
}
