import type { Era, HealthState, UpstreamTransport } from '#contracts';
import type { CallContext } from '#kernel';
import type { UnitOfWork, Upstream } from '#persistence';

/** Where and how an upstream is reached: while none of this changes, what was found out about it holds. */
interface Address {
  readonly transport: UpstreamTransport;
  /** Null exactly for STDIO. */
  readonly url: string | null;
  /** STDIO: the name of a command in the allow list. */
  readonly command: string | null;
  readonly enabled: boolean;
  /** JSON: an object of texts, sent with every request. */
  readonly headers: string;
  readonly authHeader: string | null;
  /** Sealed. */
  readonly authSecret: string | null;
  /** Set by an administrator: this era and nothing else; null: what is found. */
  readonly protocolEra: Era | null;
}

/** What a job needs of an upstream's row, as it was when it was read. */
export interface DialedUpstream extends Address {
  readonly id: string;
  readonly organizationId: string;
  readonly slug: string;
  /** STDIO: one process for all principals. */
  readonly shared: boolean;
  readonly connectTimeoutMs: number | null;
  readonly era: Era | null;
  readonly protocolVersion: string | null;
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
  transport: row.transport,
  url: row.url,
  command: row.command,
  enabled: row.enabled,
  headers: row.headers,
  authHeader: row.authHeader,
  authSecret: row.authSecret,
  protocolEra: row.protocolEra,
  shared: row.shared,
  connectTimeoutMs: row.connectTimeoutMs,
  era: row.era,
  protocolVersion: row.protocolVersion,
  health: row.health,
  healthCode: row.healthCode,
});

const addressFields = [
  'url',
  'command',
  'enabled',
  'headers',
  'authHeader',
  'authSecret',
  'protocolEra',
] as const satisfies readonly (keyof Address)[];

/**
 * Whether a row still says to dial the same place in the same way; if not, what was found says nothing about it. Of the
 * transports, HTTP+SSE and streamable HTTP stand for each other: a check tells which one an address speaks.
 */
export const isSameTarget = (dialed: Address, row: Address): boolean =>
  addressFields.every((field) => dialed[field] === row[field]);
