import type { AuditEventDraft } from '#contracts';
import { newRequestId, systemClock, type Clock } from '#kernel';

/** One refused credential. */
export interface Refusal {
  readonly ip: string | null;
  /** Error code or short reason, for example `UNAUTHENTICATED`. */
  readonly reason: string;
}

/** What a {@link RefusalAggregator} needs. */
export interface RefusalAggregatorOptions {
  /** Takes the aggregated events; usually a `BufferedAuditWriter`. */
  readonly record: (draft: AuditEventDraft) => void;
  /** The default organization of the instance, asked when an event is made; null: nobody is told, only metrics count. */
  readonly organizationId: () => string | null;
  readonly clock?: Clock;
  /** How many (address, reason) pairs of one minute are told apart; the rest share one event per reason. */
  readonly maxSources?: number;
}

interface Tally extends Refusal {
  count: number;
  readonly firstAt: number;
  lastAt: number;
}

const minute = 60_000;

/**
 * Makes one audit event per (address, reason, minute) out of refused credentials, so that a flood of guesses is on
 * record without filling the log. A refused credential names no organization; the event goes to the default one.
 */
export class RefusalAggregator {
  readonly #tallies = new Map<string, Tally>();
  #minute = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: RefusalAggregatorOptions) {}

  /** Begins to emit finished minutes also when no further refusal comes. */
  start(): void {
    this.#timer = setInterval(() => this.#emitFinished(this.#now()), 1000);
    this.#timer.unref();
  }

  /** Counts one refusal. */
  refused({ ip, reason }: Refusal): void {
    const now = this.#now();
    this.#emitFinished(now);
    this.#minute = Math.floor(now / minute);
    const known = this.#tallies.get(keyOf(ip, reason));
    const full = this.#tallies.size >= (this.options.maxSources ?? 1000);
    const source = known || !full ? ip : null;
    const tally = this.#tallies.get(keyOf(source, reason));
    if (tally) {
      tally.count += 1;
      tally.lastAt = now;
    } else {
      this.#tallies.set(keyOf(source, reason), { ip: source, reason, count: 1, firstAt: now, lastAt: now });
    }
  }

  /** Emits what was counted so far, finished minute or not; for shutdown. */
  flush(): void {
    const organizationId = this.options.organizationId();
    if (organizationId !== null) {
      for (const tally of this.#tallies.values()) this.options.record(toDraft(tally, organizationId));
    }
    this.#tallies.clear();
  }

  /** Stops the timer and flushes. Call it before the writer is closed. */
  close(): void {
    clearInterval(this.#timer);
    this.flush();
  }

  #emitFinished(now: number): void {
    if (this.#tallies.size > 0 && Math.floor(now / minute) !== this.#minute) this.flush();
  }

  #now(): number {
    return (this.options.clock ?? systemClock).now();
  }
}

const keyOf = (ip: string | null, reason: string): string => `${reason} ${ip ?? ''}`;

const toDraft = (tally: Tally, organizationId: string): AuditEventDraft => ({
  organizationId,
  occurredAt: tally.lastAt,
  action: 'credential.refused',
  outcome: 'DENIED',
  reason: tally.reason,
  actorKind: 'anonymous',
  actorUserId: null,
  actorTokenId: null,
  subjectType: null,
  subjectId: null,
  requestId: newRequestId(),
  ip: tally.ip,
  durationMs: null,
  details: {
    count: tally.count,
    firstAt: new Date(tally.firstAt).toISOString(),
    lastAt: new Date(tally.lastAt).toISOString(),
  },
  body: null,
});
