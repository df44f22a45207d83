/** Limits of one request in milliseconds; see `ForwardRequest`. */
export interface TimeLimits {
  readonly timeoutMs: number;
  readonly headersTimeoutMs?: number | undefined;
  readonly maxMs?: number | undefined;
}

/** Hears that a limit has passed. */
export interface LateListener {
  onLate(limit: 'timeout' | 'headers' | 'max', ms: number): void;
}

const LONGEST_TIMER = 2 ** 31 - 1;
/** Timers count whole milliseconds and may fire a fraction of one too early. */
const SLACK = 1;

/** The three limits of one request on one timer, which an ordinary answer sets once and clears once. */
export class RequestClock {
  private timer: NodeJS.Timeout | undefined;
  private readonly startedAt = performance.now();
  private since = this.startedAt;
  private sentAt: number | null = null;
  private isAnswered = false;
  private holds = 0;

  constructor(
    private readonly limits: TimeLimits,
    private readonly listener: LateListener,
  ) {
    const { timeoutMs, headersTimeoutMs = Infinity, maxMs = Infinity } = limits;
    this.arm(Math.min(timeoutMs === 0 ? Infinity : timeoutMs, headersTimeoutMs, maxMs));
  }

  /** The request is on its way: from now on the answer is due within `headersTimeoutMs`. */
  sent(): void {
    this.sentAt = performance.now();
  }

  /** The first byte of the answer is there. */
  answered(): void {
    this.isAnswered = true;
  }

  restart(): void {
    this.since = performance.now();
  }

  hold(): void {
    this.holds++;
  }

  release(): void {
    this.holds--;
    this.since = performance.now();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(ms: number): void {
    this.timer = ms === Infinity ? undefined : setTimeout(tick, Math.min(ms, LONGEST_TIMER), this);
  }

  /** For the timer: tells what is late, or waits for what will be late next. */
  check(): void {
    const now = performance.now();
    const { timeoutMs, headersTimeoutMs = Infinity, maxMs = Infinity } = this.limits;
    const idle = timeoutMs === 0 ? Infinity : this.holds > 0 ? timeoutMs : this.since + timeoutMs - now;
    const headers = this.isAnswered ? Infinity : (this.sentAt ?? now) + headersTimeoutMs - now;
    const max = this.startedAt + maxMs - now;
    if (idle <= SLACK) this.listener.onLate('timeout', timeoutMs);
    else if (headers <= SLACK) this.listener.onLate('headers', headersTimeoutMs);
    else if (max <= SLACK) this.listener.onLate('max', maxMs);
    else this.arm(Math.min(idle, headers, max));
  }
}

const tick = (clock: RequestClock): void => clock.check();
