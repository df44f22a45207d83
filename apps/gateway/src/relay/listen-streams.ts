import type { CancelSignal } from '#kernel';
import { CallError } from '../pipeline/call-error.js';

/** How many streams of `subscriptions/listen` are open, whose they are, and how they end when the gateway stops. */
export class ListenStreams {
  readonly #perToken = new Map<string, number>();
  readonly #endings = new Set<() => void>();
  #isOver = false;

  /** Those that are open now. */
  get size(): number {
    return this.#endings.size;
  }

  /** Ends every stream politely: their clients find another process. */
  endAll(): void {
    this.#isOver = true;
    for (const end of this.#endings) end();
  }

  /** Counts one more stream of a token; RATE_LIMITED when it has `max` already. @returns a function that ends it */
  enter(tokenId: string, max: number): () => void {
    const open = this.#perToken.get(tokenId) ?? 0;
    if (open >= max)
      throw new CallError('RATE_LIMITED', `A token may have ${max} streams open at once.`, {
        status: 429,
        headers: { 'retry-after': '1' },
        details: { retryAfterMs: 1000 },
      });
    this.#perToken.set(tokenId, open + 1);
    return () => {
      const left = (this.#perToken.get(tokenId) ?? 1) - 1;
      if (left > 0) this.#perToken.set(tokenId, left);
      else this.#perToken.delete(tokenId);
    };
  }

  /** Hears that the gateway ends the stream. @returns a function that ends the hearing */
  onEnd(end: () => void): () => void {
    this.#endings.add(end);
    if (this.#isOver) end();
    return () => void this.#endings.delete(end);
  }

  /** Resolves when the gateway ends the stream; rejects with the signal's reason. */
  async ended(signal: CancelSignal): Promise<void> {
    let forget: () => void = () => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        forget = this.onEnd(resolve);
        if (signal.aborted) reject(signal.reason);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    } finally {
      forget();
    }
  }
}
