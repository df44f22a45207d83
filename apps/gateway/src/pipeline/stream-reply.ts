import type { Gateway } from '../gateway.js';
import type { Exchange } from '../http/exchange.js';
import { send } from '../http/send.js';
import type { Session } from '../sessions/session.js';
import type { Answer } from './calls.js';
import type { Reply } from './reply.js';

/** The answer to one POST of HTTP+SSE (2024-11-05): accepted at once, and answered on the session's one stream. */
export class StreamReply implements Reply {
  constructor(
    gateway: Gateway,
    exchange: Exchange,
    private readonly session: Session,
  ) {
    send(gateway, exchange, { status: 202, body: null });
  }

  get canStream(): boolean {
    return this.session.hasStream;
  }

  say(text: string): void | Promise<void> {
    return this.session.write(text);
  }

  pass(): null {
    // An event is there as a whole.
    return null;
  }

  suspend(): void {
    // There is one stream, and nothing to come back to.
  }

  cut(): void {
    // The one stream carries everything of the session, which looks after its bound.
  }

  onGone(): void {
    // The session ends with its stream, and with it every request.
  }

  carries(): void {
    // The client has known its session since the stream began.
  }

  settle({ body }: Answer): void {
    if (body !== null) void this.say(body.toString());
  }

  finish(): void {
    // The stream goes on.
  }
}
