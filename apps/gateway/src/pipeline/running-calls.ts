import { Cancellation, Slots, type CancelSignal, type DomainError } from '#kernel';

/** One call that waits for its upstream. */
export interface RunningCall {
  /** Aborted, with the error that the client is told, when the call must not go on. */
  readonly signal: CancelSignal;
  /** The same for whoever needs one of the platform's; most calls never do. */
  readonly abortSignal: AbortSignal;
  abort(reason: Error): void;
  end(): void;
}

/** Says why a call would be refused now; null while it would not. */
export type Recheck = () => DomainError | null;

/**
 * The calls under way. After each change of the configuration all of them are asked again whether they may go on; those
 * that may not are cut off, and with them their requests to upstreams (ARCHITECTURE.md §3a).
 */
export class RunningCalls {
  readonly #calls = new Slots<Running>();

  get size(): number {
    return this.#calls.size;
  }

  /**
   * Adds a call; `end()` it in any case.
   * @param isStanding it stands for itself: nobody waits for its end, and nobody hears of it but through a stream
   */
  begin(recheck: Recheck, isStanding = false): RunningCall {
    return new Running(this.#calls, recheck, isStanding);
  }

  /** Cuts off every call that would be refused now. @returns how many */
  recheckAll(): number {
    let refused = 0;
    for (const call of this.#calls) {
      const error = call.recheck();
      if (error === null || call.signal.aborted) continue;
      call.abort(error);
      refused++;
    }
    return refused;
  }

  /** Cuts off every call that somebody waits for, or may come back to. */
  cutAll(reason: Error): void {
    for (const call of this.#calls) if (!call.isStanding) call.abort(reason);
  }

  /** Cuts off every call. */
  abortAll(reason: Error): void {
    for (const call of this.#calls) call.abort(reason);
  }
}

class Running implements RunningCall {
  readonly #cancellation = new Cancellation();
  #slot: number | null;

  constructor(
    private readonly calls: Slots<Running>,
    readonly recheck: Recheck,
    readonly isStanding: boolean,
  ) {
    this.#slot = calls.add(this);
  }

  get signal(): CancelSignal {
    return this.#cancellation;
  }

  get abortSignal(): AbortSignal {
    return this.#cancellation.toAbortSignal();
  }

  abort(reason: Error): void {
    this.#cancellation.cancel(reason);
  }

  end(): void {
    if (this.#slot !== null) this.calls.remove(this.#slot);
    this.#slot = null;
  }
}
