import type { DomainError } from '#kernel';

/** One call that waits for its upstream. */
export interface RunningCall {
  /** Aborted, with the error that the client is told, when the call must not go on. */
  readonly signal: AbortSignal;
  abort(reason: Error): void;
  end(): void;
}

/** Says why a call would be refused now; null while it would not. */
export type Recheck = () => DomainError | null;

/**
 * The calls under way. After each change of the configuration all of them are asked again whether they may go on; those
 * that may not are cut off, and with them their requests to upstreams (architecture.md §3a).
 */
export class RunningCalls {
  readonly #calls = new Map<AbortController, Recheck>();

  get size(): number {
    return this.#calls.size;
  }

  /** Adds a call; `end()` it in any case. */
  begin(recheck: Recheck): RunningCall {
    const controller = new AbortController();
    this.#calls.set(controller, recheck);
    return {
      signal: controller.signal,
      abort: (reason) => controller.abort(reason),
      end: () => void this.#calls.delete(controller),
    };
  }

  /** Cuts off every call that would be refused now. @returns how many */
  recheckAll(): number {
    let refused = 0;
    for (const [controller, recheck] of this.#calls) {
      const error = recheck();
      if (error === null || controller.signal.aborted) continue;
      controller.abort(error);
      refused++;
    }
    return refused;
  }

  /** Cuts off every call. */
  abortAll(reason: Error): void {
    for (const controller of this.#calls.keys()) controller.abort(reason);
  }
}
