import type { InputRequest, RequestOutcome } from '#mcp';
import { mostAsked, tooManyAsked } from './server-asks.js';

interface Pending {
  readonly request: InputRequest;
  readonly settle: (outcome: RequestOutcome) => void;
}

/** What an upstream asks within one call, until its client has answered. */
export class AskedQuestions {
  readonly #pending = new Map<string, Pending>();
  #tell: (() => void) | null = null;
  #count = 0;

  /** The questions that are open. */
  get open(): readonly InputRequest[] {
    return [...this.#pending.values()].map(({ request }) => request);
  }

  /** Takes a question; resolves when its answer has come. */
  ask(request: Omit<InputRequest, 'key'>): Promise<RequestOutcome> {
    if (this.#pending.size >= mostAsked) return Promise.resolve(tooManyAsked);
    const key = `input-${++this.#count}`;
    return new Promise((resolve) => {
      this.#pending.set(key, { request: { ...request, key }, settle: resolve });
      const tell = this.#tell;
      // Questions that come together are asked together.
      if (tell !== null) setImmediate(tell);
    });
  }

  /** Resolves as soon as a question is open. */
  asked(): Promise<void> {
    if (this.#pending.size > 0) return Promise.resolve();
    return new Promise<void>((resolve) => (this.#tell = resolve));
  }

  /** Answers; questions without an answer stay open. */
  answer(answers: ReadonlyMap<string, string>): void {
    for (const [key, { settle }] of this.#pending) {
      const result = answers.get(key);
      if (result === undefined) continue;
      this.#pending.delete(key);
      settle({ result });
    }
  }

  /** Forgets everything: nobody waits for an answer any more. */
  clear(): void {
    this.#pending.clear();
  }
}
