/** Remembers the nonces of believed requests for as long as one of them could be believed again. */
export class SeenNonces {
  /** Nonce → when it may be forgotten; in the order of their coming, which is that of forgetting, too. */
  readonly #seen = new Map<string, number>();

  /** @param keepMs milliseconds; at least the whole window in which a request is believed */
  constructor(private readonly keepMs: number) {}

  get size(): number {
    return this.#seen.size;
  }

  /** True the first time. */
  take(nonce: string, now: number): boolean {
    for (const [old, until] of this.#seen) {
      if (until > now) break;
      this.#seen.delete(old);
    }
    if (this.#seen.has(nonce)) return false;
    this.#seen.set(nonce, now + this.keepMs);
    return true;
  }
}
