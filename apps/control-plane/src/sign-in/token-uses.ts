import type { Clock, UserActor } from '#kernel';
import type { Logger } from '#observability';
import type { IdentityStore } from '#persistence';

const flushEvery = 5_000;

interface Uses {
  readonly organizationId: string;
  calls: number;
  lastUsedAt: number;
}

/** Counts uses of API tokens and writes them in batches, so that no request waits for its own counting. */
export class TokenUses {
  private pending = new Map<string, Uses>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly identities: IdentityStore,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    this.timer = setInterval(() => void this.flush(), flushEvery);
    this.timer.unref();
  }

  /** Notes one use; sessions have no token and are not counted. */
  note({ tokenId, organizationId }: UserActor): void {
    if (tokenId === null) return;
    const uses = this.pending.get(tokenId) ?? { organizationId, calls: 0, lastUsedAt: 0 };
    uses.calls += 1;
    uses.lastUsedAt = this.clock.now();
    this.pending.set(tokenId, uses);
  }

  /** Writes the last counts and stops. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  /** A count that cannot be written is lost: it is a convenience, not evidence. */
  private async flush(): Promise<void> {
    if (this.pending.size === 0) return;
    const batch = [...this.pending].map(([tokenId, { organizationId, calls, lastUsedAt }]) => ({
      tokenId,
      organizationId,
      calls,
      lastUsedAt: new Date(lastUsedAt),
    }));
    this.pending = new Map();
    try {
      await this.identities.addTokenUses(batch);
    } catch (error) {
      this.logger.warn({ err: error }, 'Uses of API tokens could not be counted');
    }
  }
}
