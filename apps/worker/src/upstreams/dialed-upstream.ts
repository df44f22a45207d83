import type { Era, HealthState } from '#contracts';
import type { CallContext } from '#kernel';
import type { UnitOfWork, Upstream } from '#persistence';

/** What a job needs of an upstream's row, as it was when it was read. */
export interface DialedUpstream {
  readonly id: string;
  readonly organizationId: string;
  readonly slug: string;
  readonly url: string;
  readonly enabled: boolean;
  readonly authHeader: string | null;
  /** Sealed. */
  readonly authSecret: string | null;
  readonly era: Era | null;
  readonly health: HealthState;
  readonly healthCode: string | null;
}

/** The upstream with this id in the organization of `ctx`; null when it is gone or belongs to another organization. */
export function loadUpstream(unit: UnitOfWork, ctx: CallContext, id: string): Promise<DialedUpstream | null> {
  return unit.read(ctx, async (tx) => {
    const row = await tx.upstreams.find(id);
    return row && fromRow(row);
  });
}

const fromRow = (row: Upstream): DialedUpstream => ({
  id: row.id,
  organizationId: row.organizationId,
  slug: row.slug,
  url: row.url,
  enabled: row.enabled,
  authHeader: row.authHeader,
  authSecret: row.authSecret,
  era: row.era,
  health: row.health,
  healthCode: row.healthCode,
});

/** Whether a row still says to dial the same place in the same way; if not, what was found says nothing about it. */
export const isSameTarget = (
  dialed: DialedUpstream,
  row: Pick<Upstream, 'url' | 'enabled' | 'authHeader' | 'authSecret'>,
): boolean =>
  dialed.url === row.url &&
  dialed.enabled === row.enabled &&
  dialed.authHeader === row.authHeader &&
  dialed.authSecret === row.authSecret;
