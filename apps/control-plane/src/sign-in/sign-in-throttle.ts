import { DomainError, type Clock } from '#kernel';

interface Window {
  readonly endsAt: number;
  attempts: number;
}

/** Counts failed sign-ins per address and e-mail, in bounded memory. A process of its own counts for itself. */
export class SignInThrottle {
  private readonly windows = new Map<string, Window>();

  constructor(
    private readonly limits: { readonly attempts: number; readonly windowMs: number; readonly maxKeys: number },
    private readonly clock: Clock,
  ) {}

  /**
   * Takes one attempt before the secret is compared, so that parallel guesses count, too.
   * @throws DomainError RATE_LIMITED with the milliseconds to wait
   */
  assertFree(key: string): void {
    const retryAfterMs = this.take(key);
    if (retryAfterMs === 0) return;
    const minutes = Math.ceil(retryAfterMs / 60_000);
    throw new DomainError('RATE_LIMITED', `Too many failed attempts. Try again in ${minutes} minute(s).`, {
      details: { retryAfterMs },
    });
  }

  private take(key: string): number {
    const now = this.clock.now();
    const known = this.windows.get(key);
    const window = known && known.endsAt > now ? known : { endsAt: now + this.limits.windowMs, attempts: 0 };
    if (window.attempts >= this.limits.attempts) return window.endsAt - now;
    window.attempts += 1;
    this.remember(key, window);
    return 0;
  }

  /** Forgets the failures of a key after a success. */
  clear(key: string): void {
    this.windows.delete(key);
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
