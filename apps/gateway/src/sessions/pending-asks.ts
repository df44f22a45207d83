import { memberValue, rewriteMeta, rewriteObject, type JsonObject, type RequestOutcome } from '#mcp';

/** A request of ours could not be answered; the text is for the upstream that asked. */
export const unanswered = (problem: string): RequestOutcome => ({
  error: JSON.stringify({ code: -32603, message: problem }),
});

/** Sends a text to the client; false when it cannot reach it. */
export type Deliver = (text: string) => boolean;

/** How a request reaches its client, and what the client says about it its sender. */
export interface AskWay {
  readonly deliver: Deliver;
  /** Takes `notifications/progress` of the client, under the token of the sender. */
  readonly tell?: ((notification: string) => void) | undefined;
}

interface PendingAsk {
  settle(outcome: RequestOutcome): void;
  readonly tell: AskWay['tell'];
  /** No answer has come in yet. */
  isOwed: boolean;
  /** The sender's progress token, as JSON; null: it wants no progress. */
  readonly token: string | null;
}

/** The progress token in the text of `params`, as JSON. */
const tokenIn = (params: string): string | null => {
  const meta = memberValue(params, '_meta');
  return meta?.startsWith('{') === true ? memberValue(meta, 'progressToken') : null;
};

/** The requests that one session's client was asked and has not answered. Their ids are unique within the session. */
export class PendingAsks {
  readonly #pending = new Map<string, PendingAsk>();
  #asked = 0;

  /** Sends a request and waits for its answer, the abort of `signal`, or the end of the session; never rejects. */
  ask(method: string, params: string, signal: AbortSignal, { deliver, tell }: AskWay): Promise<RequestOutcome> {
    if (signal.aborted) return Promise.resolve(unanswered('The request was cancelled.'));
    const id = `gh-${++this.#asked}`;
    const request = `{"jsonrpc":"2.0","id":"${id}","method":${JSON.stringify(method)},"params":${params}}`;
    const token = tell === undefined ? null : tokenIn(params);
    // Tokens of several upstreams may be alike; ids of ours are not.
    const text = token === null ? request : rewriteMeta(request, { progressToken: `"${id}"` });
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
      this.#pending.set(id, { settle, tell, token, isOwed: true });
      signal.addEventListener('abort', onAbort);
      if (!deliver(text)) settle(unanswered('The client cannot be reached for requests.'));
    });
  }

  /** Takes the client's answer; one that nobody waits for (any more) is ignored. */
  answer(id: unknown, outcome: RequestOutcome): void {
    if (typeof id === 'string') this.#pending.get(id)?.settle(outcome);
  }

  /** Whether the client owes an answer to the request of this id; true once, so an answer that leads nowhere is the last. */
  takeOwed(id: unknown): boolean {
    const pending = typeof id === 'string' ? this.#pending.get(id) : undefined;
    if (pending?.isOwed !== true) return false;
    pending.isOwed = false;
    return true;
  }

  /** Passes progress on to the sender of the request that it is about; false when it is about none. */
  progressed(text: string, params: JsonObject | undefined): boolean {
    const asked = params?.['progressToken'];
    const pending = typeof asked === 'string' ? this.#pending.get(asked) : undefined;
    if (pending?.token == null) return false;
    const told = rewriteObject(memberValue(text, 'params') ?? '{}', { progressToken: pending.token });
    pending.tell?.(rewriteObject(text, { params: told }));
    return true;
  }

  /** Nobody will answer any more. */
  giveUp(problem: string): void {
    for (const { settle } of this.#pending.values()) settle(unanswered(problem));
  }
}
