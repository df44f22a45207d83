/** Hears once that something was cancelled. */
export type CancelListener = (() => void) | { handleEvent(): void };

/** What cancellable work looks at and listens to. Every `AbortSignal` is one. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: CancelListener, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: CancelListener): void;
}

/**
 * Cancels one piece of work. An `AbortController` does the same, but each of its signals, and all that listens to it,
 * outlives the garbage collector's quick rounds: with one for every call that was a seventh of the processor's time.
 */
export class Cancellation implements CancelSignal {
  aborted = false;
  reason: unknown = undefined;
  #listeners: CancelListener[] | null = null;
  #native: AbortController | null = null;

  /** The first reason counts. */
  cancel(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners ?? [];
    this.#listeners = null;
    for (const listener of listeners) {
      if (typeof listener === 'function') listener();
      else listener.handleEvent();
    }
    this.#native?.abort(reason);
  }

  addEventListener(_type: 'abort', listener: CancelListener): void {
    if (!this.aborted) (this.#listeners ??= []).push(listener);
  }

  removeEventListener(_type: 'abort', listener: CancelListener): void {
    const at = this.#listeners?.indexOf(listener) ?? -1;
    if (at !== -1) this.#listeners?.splice(at, 1);
  }

  /** The same as a signal of the platform, for timers and for `AbortSignal.any`; made at first use. */
  toAbortSignal(): AbortSignal {
    if (this.#native === null) {
      this.#native = new AbortController();
      if (this.aborted) this.#native.abort(this.reason);
    }
    return this.#native.signal;
  }
}
