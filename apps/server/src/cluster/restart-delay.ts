const firstMs = 200;
const longestMs = 30_000;
/** Who served this long has not failed at its start. */
const steadyMs = 60_000;

/** How long to wait before a process is started again: doubled with each early end, up to half a minute. */
export class RestartDelay {
  #failures = 0;

  /** @param livedMs how long the process that ended had lived */
  next(livedMs: number): number {
    if (livedMs >= steadyMs) this.#failures = 0;
    this.#failures += 1;
    return Math.min(longestMs, firstMs * 2 ** (this.#failures - 1));
  }
}
