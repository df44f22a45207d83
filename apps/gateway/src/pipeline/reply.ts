import type { Gateway } from '../gateway.js';
import type { Exchange } from '../http/exchange.js';
import { send } from '../http/send.js';
import type { Answer } from './calls.js';

/** Sends the answer of one message, or the answers of a batch, which go out together with status 200. */
export function reply(gateway: Gateway, exchange: Exchange, answers: readonly Answer[], isBatch: boolean): void {
  const [only] = answers;
  if (!isBatch && only) {
    send(gateway, exchange, only);
    return;
  }
  const bodies = answers.flatMap(({ body }) => (body === null ? [] : [body.toString()]));
  if (bodies.length === 0) send(gateway, exchange, { status: 202, body: null });
  else send(gateway, exchange, { status: 200, body: `[${bodies.join(',')}]` });
}
