import type { JsonObject, RequestOutcome } from '#mcp';
import type { ClientSession } from '../sessions/client-session.js';

/** Takes an answer that is passed on as it comes. */
export interface AnswerSink {
  /** A promise holds the upstream up until the client can take more. */
  write(chunk: Buffer): void | Promise<void>;
  /** The answer is whole. */
  end(): void;
  /** There is no more of it: what was sent breaks off. */
  cut(): void;
}

/** The client of one message, as its upstream may reach it while the message is being answered. */
export interface ClientPort {
  /** What the client declared: in its session (legacy) or in the message's envelope (modern); empty where it said nothing. */
  readonly capabilities: JsonObject;
  /** `{ name, version, … }` as the client sent it; null where it did not. */
  readonly info: JsonObject | null;
  /** The least level of log messages that the client wants; null: none asked for. */
  readonly logLevel: string | null;
  /** Legacy clients that began with `initialize`; null for modern and for session-less ones. */
  readonly session: ClientSession | null;
  /** Whether requests can be sent to this client at all (legacy, with a session, accepting event streams). */
  readonly canAsk: boolean;
  /**
   * Sends a notification that belongs to this message, before its answer, on the message's own event stream; nothing
   * happens where the client accepts no stream. A promise resolves when the client can take more.
   */
  notify(text: string): void | Promise<void>;
  /**
   * Sends a request to the client on the message's own stream and waits for its answer; never rejects.
   * @param tell takes `notifications/progress` about it, under the progress token of `params`
   */
  ask(
    method: string,
    params: string,
    signal: AbortSignal,
    tell?: (notification: string) => void,
  ): Promise<RequestOutcome>;
  /**
   * Takes the answer as it comes; nothing can be said before it any more. Null where it has to be there as a whole: in a
   * batch, and on an event stream.
   */
  pass(): AnswerSink | null;
  /** Drops the client with everything that it has not taken; it hears of that as `onGone`. Nothing on a stream of more. */
  cut(): void;
  /** Ends the message's stream early and lets the client come back for the rest (SEP-1699), where it can. */
  suspend(retryMs: number): void;
  /**
   * Hears that nobody wants the answer any more, and why, as the error to end the call with: a modern client closed its
   * connection, a legacy client sent `notifications/cancelled`, or its session ended. At once where it has happened.
   */
  onGone(listener: (reason: Error) => void): void;
}
