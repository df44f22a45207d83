import { BytePile, DomainError } from '#kernel';
import type { ForwardReply } from '#outbound';
import { AnswerOpening, type Opening } from '../bridge/answer-opening.js';
import { answerRules, type AnswerRules } from '../bridge/answer-rules.js';
import type { ReplyContext } from '../bridge/reply-context.js';
import type { JsonRpcId } from '../envelope/messages.js';
import { HeldTooMuch, HELD_AT_MOST, JsonRewriter } from '../json/json-rewriter.js';
import { JsonFault } from '../json/json-scanner.js';
import { named, readReply } from './read-reply.js';
import { upstreamError, type HttpConnection } from './upstream-connection.js';
import type { AnswerOutcome, PieceTaker, StreamedAnswer } from './upstream-reply.js';

/** One large answer on its way: held until it is known how it goes on, then rewritten as it passes, or held to its end. */
class Passage {
  readonly #opening: AnswerOpening;
  #way: Opening | null = null;
  readonly #held = new BytePile();
  #rewriter: JsonRewriter | null = null;
  #rules: AnswerRules | null = null;
  #taker: PieceTaker | null = null;

  constructor(
    private readonly context: ReplyContext,
    private readonly sentId: JsonRpcId,
    private readonly open: () => PieceTaker | null,
  ) {
    this.#opening = new AnswerOpening(context);
  }

  /** The answer, where it had to be held. */
  takeHeld(): Buffer | null {
    return this.#taker === null ? this.#held.take() : null;
  }

  push(chunk: Buffer): void | Promise<void> {
    if (this.#taker !== null) return this.#pass(chunk, this.#taker);
    this.#held.push(chunk);
    if (this.#way !== null) return undefined;
    this.#way = this.#opening.push(chunk);
    if (this.#way === null || this.#way === 'whole') return undefined;
    this.#taker = this.open();
    if (this.#taker === null) return undefined;
    this.#rules = answerRules(this.context, this.sentId, this.#way.type);
    this.#rewriter = new JsonRewriter(this.#rules.envelope);
    return this.#pass(this.#held.take(), this.#taker);
  }

  finish(): AnswerOutcome {
    this.#rewriter?.finish();
    return this.#rules?.outcome() ?? 'ok';
  }

  #pass(chunk: Buffer, taker: PieceTaker): void | Promise<void> {
    const piece = this.#rewriter?.push(chunk);
    if (piece !== undefined && piece.length > 0) return taker(piece);
  }
}

/** What is told of an answer that cannot be passed on. */
function faultOf(connection: HttpConnection, error: unknown): unknown {
  if (error instanceof DomainError) return named(connection, error);
  if (error instanceof HeldTooMuch)
    return upstreamError(
      'UPSTREAM_TOO_LARGE',
      connection,
      `answered with more than ${HELD_AT_MOST} bytes in places that are rewritten, such as "_meta" and names of members. Raise GATEHOUSE_OUTBOUND_STREAM_ABOVE to have such answers held whole.`,
      {},
      error,
    );
  if (!(error instanceof JsonFault)) return error;
  return upstreamError('UPSTREAM_NOT_MCP', connection, `${error.message}. Look at its log.`, {}, error);
}

/** Makes a streamed answer of a reply whose body comes as a stream. */
export function streamedAnswer(
  connection: HttpConnection,
  sentId: JsonRpcId,
  reply: ForwardReply & { readonly stream: NonNullable<ForwardReply['stream']> },
  sessionId: string | null,
): StreamedAnswer {
  const { status, stream } = reply;
  return {
    kind: 'stream',
    status,
    sessionId,
    cancel: (reason) => stream.cancel(reason),
    async pipe(context, open) {
      const passage = new Passage(context, sentId, open);
      try {
        await stream.pipe((chunk) => passage.push(chunk));
        const held = passage.takeHeld();
        if (held !== null) return readReply(connection, sentId, { ...reply, body: held, stream: null }, null);
        return { kind: 'passed', outcome: passage.finish() };
      } catch (error) {
        throw faultOf(connection, error);
      }
    },
  };
}
