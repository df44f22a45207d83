import type { RequestOutcome } from '#mcp';

/** A request of ours could not be answered; the text is for the upstream that asked. */
export const unanswered = (problem: string): RequestOutcome => ({
  error: JSON.stringify({ code: -32603, message: problem }),
});

/** Sends a text to the client; false when it cannot reach it. */
export type Deliver = (text: string) => boolean;

/** The requests that one session's client was asked and has not answered. Their ids are unique within the session. */
export class PendingAsks {
  readonly #pending = new Map<string, (outcome: RequestOutcome) => void>();
  #asked = 0;

  /** Sends a request and waits for its answer, the abort of `signal`, or the end of the session; never rejects. */
  ask(method: string, params: string, signal: AbortSignal, deliver: Deliver): Promise<RequestOutcome> {
    if (signal.aborted) return Promise.resolve(unanswered('The request was cancelled.'));
    const id = `gh-${++this.#asked}`;
    const text = `{"jsonrpc":"2.0","id":"${id}","method":${JSON.stringify(method)},"params":${params}}`;
    return new Promise((resolve) => {
      const settle = (outcome: RequestOutcome) => {
        this.#pending.delete(id);
        signal.removeEventListener('abort', onAbort);
        resolve(outcome);
      };
      const onAbort = () => {
        settle(unanswered('The request was cancelled.'));
        deliver(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"${id}"}}`);
      };
      this.#pending.set(id, settle);
      signal.addEventListener('abort', onAbort);
      if (!deliver(text)) settle(unanswered('The client cannot be reached for requests.'));
    });
  }

  /** Takes the client's answer; one that nobody waits for (any more) is ignored. */
  answer(id: unknown, outcome: RequestOutcome): void {
    if (typeof id === 'string') this.#pending.get(id)?.(outcome);
  }

  /** Nobody will answer any more. */
  giveUp(problem: string): void {
    for (const settle of this.#pending.values()) settle(unanswered(problem));
  }
}
