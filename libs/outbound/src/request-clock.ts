import { Slots } from '#kernel';

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

/** Timers count whole milliseconds and may fire a fraction of one too early. */
const SLACK = 1;

/** How often those that have long to go are looked at. */
const LOOK_MS = 1000;
/** From here on a request has a timer of its own. */
const SOON_MS = 2 * LOOK_MS;

/**
 * Requests that have long to go. Nearly all are answered before their limits come near, and setting and clearing a timer
 * costs more than a place among those that are looked at once a second.
 */
class LongWaits {
  private readonly clocks = new Slots<RequestClock>();
  private timer: NodeJS.Timeout | undefined;

  add(clock: RequestClock): number {
    this.timer ??= setInterval(() => this.look(), LOOK_MS).unref();
    return this.clocks.add(clock);
  }

  remove(slot: number): void {
    this.clocks.remove(slot);
  }

  private look(): void {
    const now = performance.now();
    for (const clock of this.clocks) clock.look(now);
  }
}

const longWaits = new LongWaits();

/** The three limits of one request. */
export class RequestClock {
  private timer: NodeJS.Timeout | undefined;
  /** Its place among the long waits; null: it has a timer, or no limit. */
  private slot: number | null = null;
  private dueAt = Infinity;
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
    if (this.slot !== null) longWaits.remove(this.slot);
    this.slot = null;
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(ms: number): void {
    if (ms === Infinity) return;
    this.dueAt = performance.now() + ms;
    if (ms > SOON_MS) this.slot = longWaits.add(this);
    else this.timer = setTimeout(tick, ms, this);
  }

  /** For the long waits: gets a timer when a limit is near. */
  look(now: number): void {
    if (this.dueAt - now > SOON_MS) return;
    this.stop();
    this.arm(Math.max(0, this.dueAt - now));
  }

  /** For the timer: tells what is late, or waits for what will be late next. */
  check(): void {
    this.timer = undefined;
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
