import { DomainError, type Clock } from '#kernel';
import { networkOf } from './network-of.js';

/** How many attempts may fail within a window, and how many counters are remembered. */
export interface ThrottleLimits {
  /** For one account from one network. */
  readonly perAccount: number;
  /** For all accounts together from one network. */
  readonly perNetwork: number;
  readonly windowMs: number;
  readonly maxKeys: number;
}

/** One attempt that was let through; it counts as failed until it says otherwise. */
export interface Attempt {
  succeeded(): void;
}

interface Window {
  readonly endsAt: number;
  failures: number;
}

/** Counts failed attempts per network and account, in bounded memory. A process of its own counts for itself. */
export class SignInThrottle {
  private readonly windows = new Map<string, Window>();

  constructor(
    private readonly limits: ThrottleLimits,
    private readonly clock: Clock,
  ) {}

  /**
   * Takes one attempt before the secret is compared, so that parallel guesses count, too.
   * @throws DomainError RATE_LIMITED with the milliseconds to wait
   */
  begin(ip: string | null, account: string): Attempt {
    const network = networkOf(ip);
    const accountKey = `${network} ${account}`;
    // The network first: a stranger who tries name after name must not push other counters out.
    this.take(network, this.limits.perNetwork);
    try {
      this.take(accountKey, this.limits.perAccount);
    } catch (error) {
      this.giveBack(network);
      throw error;
    }
    return {
      succeeded: () => {
        this.giveBack(network);
        this.windows.delete(accountKey);
      },
    };
  }

  private take(key: string, limit: number): void {
    const now = this.clock.now();
    const known = this.windows.get(key);
    const window = known && known.endsAt > now ? known : { endsAt: now + this.limits.windowMs, failures: 0 };
    if (window.failures >= limit) throw tooMany(window.endsAt - now);
    window.failures += 1;
    this.remember(key, window);
  }

  private giveBack(key: string): void {
    const window = this.windows.get(key);
    if (window && window.failures > 0) window.failures -= 1;
  }

  /** The key that was used longest ago leaves first. */
  private remember(key: string, window: Window): void {
    this.windows.delete(key);
    this.windows.set(key, window);
    if (this.windows.size <= this.limits.maxKeys) return;
    const [oldest] = this.windows.keys();
    if (oldest !== undefined) this.windows.delete(oldest);
  }
}

function tooMany(retryAfterMs: number): DomainError {
  const minutes = Math.ceil(retryAfterMs / 60_000);
  return new DomainError('RATE_LIMITED', `Too many failed attempts. Try again in ${minutes} minute(s).`, {
    details: { retryAfterMs },
  });
}
