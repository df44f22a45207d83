import type { JsonRpcId, RequestOutcome } from '#mcp';

/** The outcome of a request that cannot be relayed: the client did not say that it can answer this. */
export const methodNotFound = (method: string): RequestOutcome => ({
  error: JSON.stringify({ code: -32601, message: `Method not found: ${method.slice(0, 100)}` }),
});

/** Questions of one call, or of one link, that may wait for answers at once: people answer them. */
export const mostAsked = 32;

/** The outcome of one question more. */
export const tooManyAsked: RequestOutcome = {
  error: JSON.stringify({ code: -32603, message: `${mostAsked} requests wait for the client's answers already.` }),
};

/** The requests of an upstream that wait for a client's answer; the upstream may take one back. */
export class ServerAsks {
  readonly #pending = new Map<JsonRpcId, AbortController>();
  /** Counted by itself: an upstream may use an id twice. */
  #open = 0;

  /** Runs one request; its signal is aborted when the upstream takes it back, the call ends, or the time is over. */
  async run(
    id: JsonRpcId,
    signal: AbortSignal | null,
    timeoutMs: number,
    ask: (signal: AbortSignal) => Promise<RequestOutcome>,
  ): Promise<RequestOutcome> {
    if (this.#open >= mostAsked) return tooManyAsked;
    this.#open++;
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(new Error('The client did not answer in time.')), timeoutMs);
    this.#pending.set(id, controller);
    try {
      return await ask(signal === null ? controller.signal : AbortSignal.any([signal, controller.signal]));
    } finally {
      this.#open--;
      clearTimeout(timer);
      if (this.#pending.get(id) === controller) this.#pending.delete(id);
    }
  }

  /** Takes `notifications/cancelled` of the upstream. */
  cancel(id: unknown): void {
    this.#pending.get(id as JsonRpcId)?.abort(new Error('The upstream no longer needs the answer.'));
  }
}
