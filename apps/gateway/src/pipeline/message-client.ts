import { isObject, META, type JsonObject, type RequestOutcome } from '#mcp';
import type { AnswerSink, ClientPort } from '../relay/client-port.js';
import { unanswered } from '../sessions/pending-asks.js';
import type { RunningRequest, Session } from '../sessions/session.js';
import type { PostedMessage } from './calls.js';
import type { Reply } from './reply.js';

const nothing: JsonObject = {};

/** See {@link ClientPort}. */
export class MessageClient implements ClientPort, RunningRequest {
  #listener: ((reason: Error) => void) | null = null;
  #cancelled: Error | null = null;

  constructor(
    private readonly reply: Reply,
    private readonly message: PostedMessage,
    /** For `initialize` the session that it begins. */
    public session: Session | null,
  ) {}

  get id(): PostedMessage['id'] {
    return this.message.id;
  }

  get capabilities(): JsonObject {
    return this.session?.capabilities ?? this.#envelope(META.clientCapabilities) ?? nothing;
  }

  get info(): JsonObject | null {
    return this.session === null ? this.#envelope(META.clientInfo) : this.session.clientInfo;
  }

  get logLevel(): string | null {
    if (this.session !== null) return this.session.logLevel;
    const level = this.#meta()?.[META.logLevel];
    return typeof level === 'string' ? level : null;
  }

  get canAsk(): boolean {
    return this.session !== null && this.message.method !== 'initialize' && this.reply.canStream;
  }

  notify(text: string): void | Promise<void> {
    return this.reply.say(text);
  }

  ask(
    method: string,
    params: string,
    signal: AbortSignal,
    tell?: (notification: string) => void,
  ): Promise<RequestOutcome> {
    const { reply, session } = this;
    if (session === null || !this.canAsk)
      return Promise.resolve(unanswered('The client cannot be reached for requests.'));
    const deliver = (text: string) => {
      if (!reply.canStream) return false;
      void reply.say(text);
      return true;
    };
    return session.askThrough(method, params, signal, { deliver, tell });
  }

  pass(): AnswerSink | null {
    return this.reply.pass();
  }

  cut(): void {
    this.reply.cut();
  }

  suspend(retryMs: number): void {
    this.reply.suspend(retryMs);
  }

  onGone(listener: (reason: Error) => void): void {
    if (this.#cancelled !== null) listener(this.#cancelled);
    else if (this.message.era === 'MODERN') this.reply.onGone(listener);
    else this.#listener = listener;
  }

  /** The client wants no answer any more, or its session has ended. */
  cancel(reason: Error): void {
    if (this.#cancelled !== null) return;
    this.#cancelled = reason;
    this.#listener?.(reason);
  }

  #meta(): JsonObject | null {
    if (this.message.era === 'LEGACY') return null;
    const meta = this.message.received.message.params?.['_meta'];
    return isObject(meta) ? meta : null;
  }

  #envelope(key: string): JsonObject | null {
    const value = this.#meta()?.[key];
    return isObject(value) ? value : null;
  }
}
