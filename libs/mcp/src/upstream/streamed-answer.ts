import { DomainError } from '#kernel';
import type { ForwardReply } from '#outbound';
import type { JsonRpcId } from '../envelope/messages.js';
import { AnswerFault, AnswerScanner } from './answer-scanner.js';
import { named } from './read-reply.js';
import { upstreamError, type HttpConnection } from './upstream-connection.js';
import type { StreamedAnswer } from './upstream-reply.js';

/** Makes a streamed answer of a reply whose body comes as a stream. */
export function streamedAnswer(
  connection: HttpConnection,
  sentId: JsonRpcId,
  { status, stream }: ForwardReply & { readonly stream: NonNullable<ForwardReply['stream']> },
  sessionId: string | null,
): StreamedAnswer {
  return {
    kind: 'stream',
    status,
    sessionId,
    cancel: (reason) => stream.cancel(reason),
    async pipe(sink, clientId) {
      const scanner = new AnswerScanner(JSON.stringify(sentId), JSON.stringify(clientId));
      try {
        await stream.pipe((chunk) => passOn(scanner.push(chunk), sink));
        return scanner.finish();
      } catch (error) {
        if (error instanceof DomainError) throw named(connection, error);
        if (!(error instanceof AnswerFault)) throw error;
        throw upstreamError('UPSTREAM_NOT_MCP', connection, `${error.message}. Look at its log.`, {}, error);
      }
    },
  };
}

function passOn(pieces: readonly Buffer[], sink: (chunk: Buffer) => void | Promise<void>): void | Promise<void> {
  let waiting: void | Promise<void> = undefined;
  for (const piece of pieces) if (piece.length > 0) waiting = sink(piece) ?? waiting;
  return waiting;
}
