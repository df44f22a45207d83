import type { JsonObject, JsonRpcId } from '#mcp';

/** Notifications of one call that may come at once, and those per second afterwards. */
const burst = 100;
const perSecond = 50;

/**
 * Lets through the progress that a client asked for: of its own call, always further than before (2025-11-25, Progress),
 * and not more of it than anybody can use.
 */
export class ProgressGate {
  #last = Number.NEGATIVE_INFINITY;
  #left = burst;
  #refilledAt = 0;

  /** @param token what the upstream was told; null: the client wants no progress */
  constructor(private readonly token: JsonRpcId | null) {}

  passes(params: JsonObject | undefined, now: number): boolean {
    const progress = params?.['progress'];
    if (this.token === null || params?.['progressToken'] !== this.token) return false;
    if (typeof progress !== 'number' || progress <= this.#last) return false;
    this.#left = Math.min(burst, this.#left + ((now - this.#refilledAt) * perSecond) / 1000);
    this.#refilledAt = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    this.#last = progress;
    return true;
  }
}
