import { RefusalAggregator, type Refusal } from '#audit';
import type { Config } from '#config';
import type { AuditEventDraft } from '#contracts';
import type { CallContext, Clock } from '#kernel';
import type { Logger } from '#observability';
import { outcomeOfError, type IdentityStore, type UnitOfWork } from '#persistence';

/** The part of the control plane's dependencies that the log needs. */
export interface RefusalLogDeps {
  readonly config: Config;
  readonly identities: IdentityStore;
  readonly unitOfWork: UnitOfWork;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Puts on record what never reached a use case: one event each for a known caller; for strangers one per (action,
 * address, reason, minute) in the default organization, so that a flood of requests cannot fill the log.
 */
export class RefusalLog {
  private readonly strangers: RefusalAggregator;
  private readonly writing = new Set<Promise<void>>();
  private organizationId: string | null = null;

  constructor(private readonly deps: RefusalLogDeps) {
    this.strangers = new RefusalAggregator({
      clock: deps.clock,
      organizationId: () => this.organizationId,
      record: (event) => this.write(event),
    });
    this.strangers.start();
  }

  /** Records why an operation was refused, unless its unit of work did. `details` name fields, never values. */
  async operationRefused(ctx: CallContext, action: string, error: unknown, details: object = {}): Promise<void> {
    if (this.deps.unitOfWork.wasRecorded(error)) return;
    if (ctx.actor.kind !== 'user') return this.strangerRefused({ ip: ctx.ip, action, ...outcomeOfError(error) });
    await this.deps.unitOfWork.recordRefusal(ctx, { action, subjectType: null }, error, { details });
  }

  /** Counts one refusal of somebody unknown. */
  strangerRefused(refusal: Refusal): void {
    this.strangers.refused(refusal);
    // The aggregator asks only when the minute is over; by then the answer is here.
    this.keep(this.defaultOrganization());
  }

  /** The organization of the installation; null until the first administrator is being made. */
  async defaultOrganization(): Promise<string | null> {
    const { identities, config } = this.deps;
    this.organizationId ??= (await identities.findOrganization(config.admin.organization))?.id ?? null;
    return this.organizationId;
  }

  /** Writes what was counted so far and stops. */
  async close(): Promise<void> {
    await Promise.all(this.writing);
    this.strangers.close();
    await Promise.all(this.writing);
  }

  private write(event: AuditEventDraft): void {
    this.keep(this.deps.unitOfWork.record(event));
  }

  /** Nobody waits for these; while the database is away, the log of the service is the only witness. */
  private keep(work: Promise<unknown>): void {
    const settled = work.then(
      () => undefined,
      (error: unknown) => this.deps.logger.error({ err: error }, 'Refused requests of strangers could not be recorded'),
    );
    this.writing.add(settled);
    void settled.finally(() => this.writing.delete(settled));
  }
}
