import type { StreamedAnswer } from '#mcp';
import type { Answer } from '../pipeline/calls.js';
import { answerOf, type Relay } from './relay.js';

/**
 * Passes a large answer on to its client as it comes, no faster than the client reads it. When it breaks off, so does
 * what the client gets. Where the client's answer has to be there as a whole, this one is held after all.
 */
export async function passAnswer({ call, gateway }: Relay, answer: StreamedAnswer): Promise<Answer> {
  const clientId = call.message.received.message.id;
  const sink = call.client.pass();
  const held: Buffer[] = [];
  try {
    const outcome = await answer.pipe((chunk) => (sink === null ? void held.push(chunk) : sink.write(chunk)), clientId);
    sink?.end();
    gateway.metrics.upstreamRequest({ upstream: call.target.upstream.slug, outcome: 'ok' });
    return answerOf({ status: 200, body: sink === null ? Buffer.concat(held) : null, outcome, code: null });
  } catch (error) {
    sink?.cut();
    throw error;
  }
}
