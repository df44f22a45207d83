import type { Principal } from '#snapshot';

/** How often a token was used since the last flush. */
export interface UsageCount {
  readonly tokenId: string;
  readonly organizationId: string;
  readonly lastUsedAt: number;
  readonly calls: number;
}

type Count = { -readonly [K in keyof UsageCount]: UsageCount[K] };

/** Counts the calls of each token in memory; somebody else writes the counts down. */
export class TokenUsage {
  #counts = new Map<string, Count>();

  /** Counts one call at a time in milliseconds since the epoch. */
  count({ tokenId, organizationId }: Principal, at: number): void {
    this.#add({ tokenId, organizationId, lastUsedAt: at, calls: 1 });
  }

  /** Hands out everything counted so far and begins anew. */
  take(): UsageCount[] {
    const taken = [...this.#counts.values()];
    this.#counts = new Map();
    return taken;
  }

  /** Takes counts back that could not be written. */
  giveBack(counts: readonly UsageCount[]): void {
    for (const count of counts) this.#add(count);
  }

  #add({ tokenId, organizationId, lastUsedAt, calls }: UsageCount): void {
    const known = this.#counts.get(tokenId);
    if (known === undefined) {
      this.#counts.set(tokenId, { tokenId, organizationId, lastUsedAt, calls });
      return;
    }
    known.calls += calls;
    known.lastUsedAt = Math.max(known.lastUsedAt, lastUsedAt);
  }
}
