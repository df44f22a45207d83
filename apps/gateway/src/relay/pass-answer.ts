import type { StreamedAnswer } from '#mcp';
import type { Answer } from '../pipeline/calls.js';
import { answerTo } from './answer-to.js';
import type { AnswerSink } from './client-port.js';
import { answerOf, type Relay } from './relay.js';

/**
 * Passes a large answer on to its client as it comes, no faster than the client reads it. When it breaks off, so does
 * what the client gets. Where the answer, or what the client is sent, has to be there as a whole, it is held after all.
 */
export async function passAnswer(relay: Relay, answer: StreamedAnswer): Promise<Answer> {
  const { call, gateway } = relay;
  const passing: { sink: AnswerSink | null } = { sink: null };
  const open = () => {
    const sink = (passing.sink = call.client.pass());
    return sink === null ? null : (piece: Buffer) => sink.write(piece);
  };
  try {
    const reply = await answer.pipe(relay.context(), open);
    if (reply.kind === 'response') return await answerTo(relay, reply);
    passing.sink?.end();
    gateway.metrics.upstreamRequest({ upstream: call.target.upstream.slug, outcome: 'ok' });
    return answerOf({ status: 200, body: null, outcome: reply.outcome, code: null });
  } catch (error) {
    passing.sink?.cut();
    throw error;
  }
}
