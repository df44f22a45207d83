import type { Answer, UpstreamCall } from '../pipeline/calls.js';

/** A call that waits for its client. */
export interface Parked {
  readonly id: string;
  readonly tokenId: string;
  /** What the client must bring back; another one after every round, so nothing can be answered twice. */
  readonly round: string;
  /** Goes on with what the client brings. */
  resume(call: UpstreamCall): Promise<Answer>;
}

/** The calls of modern clients that wait, at a legacy upstream, for what their client was asked for. */
export class ParkedCalls {
  readonly #calls = new Map<string, Parked>();
  readonly #perToken = new Map<string, number>();

  get size(): number {
    return this.#calls.size;
  }

  /** How many of a token wait now. */
  of(tokenId: string): number {
    return this.#perToken.get(tokenId) ?? 0;
  }

  add(parked: Parked): void {
    this.#calls.set(parked.id, parked);
    this.#perToken.set(parked.tokenId, this.of(parked.tokenId) + 1);
  }

  /** Takes a call out, for its next round; null when it does not wait for this one. */
  take(id: string, round: string): Parked | null {
    const parked = this.#calls.get(id);
    if (parked === undefined || parked.round !== round) return null;
    this.remove(parked);
    return parked;
  }

  remove({ id, tokenId }: Parked): void {
    if (!this.#calls.delete(id)) return;
    const left = this.of(tokenId) - 1;
    if (left > 0) this.#perToken.set(tokenId, left);
    else this.#perToken.delete(tokenId);
  }
}
