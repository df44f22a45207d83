import type { AuditEventDraft } from '#contracts';
import { newRequestId, systemClock, type Clock } from '#kernel';

/** One refused credential, or another request of somebody unknown that was refused. */
export interface Refusal {
  /** Default: `credential.refused`. */
  readonly action?: string;
  /** Default: `DENIED`. */
  readonly outcome?: 'DENIED' | 'FAILED';
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
  /** How many (action, address, reason) of one minute are told apart; the rest share one event per action and reason. */
  readonly maxSources?: number;
}

interface Tally extends Required<Refusal> {
  count: number;
  readonly firstAt: number;
  lastAt: number;
}

const minute = 60_000;

/**
 * Makes one audit event per (action, address, reason, minute) out of what strangers were refused, so that a flood of guesses is on
 * record without filling the log. A stranger names no organization; the event goes to the default one.
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
  refused({ action = 'credential.refused', outcome = 'DENIED', ip, reason }: Refusal): void {
    const now = this.#now();
    this.#emitFinished(now);
    this.#minute = Math.floor(now / minute);
    const keyOf = (source: string | null): string => `${action} ${reason} ${source ?? ''}`;
    const full = this.#tallies.size >= (this.options.maxSources ?? 1000);
    const source = this.#tallies.has(keyOf(ip)) || !full ? ip : null;
    const tally = this.#tallies.get(keyOf(source));
    if (tally) {
      tally.count += 1;
      tally.lastAt = now;
    } else {
      this.#tallies.set(keyOf(source), { action, outcome, ip: source, reason, count: 1, firstAt: now, lastAt: now });
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

const toDraft = (tally: Tally, organizationId: string): AuditEventDraft => ({
  organizationId,
  occurredAt: tally.lastAt,
  action: tally.action,
  outcome: tally.outcome,
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
