import { DomainError, type Clock } from '#kernel';
import type { CatalogSnapshot, SnapshotSource } from '#snapshot';
import { unknownObject } from './call-error.js';
import type { UpstreamCall } from './calls.js';
import type { McpRoute } from './mcp-route.js';
import type { MethodRule } from './method-rules.js';
import { endpointOf, principalOf, targetOf } from './rights.js';

/** What a call rests on, small enough to keep beside an idle upstream session. */
interface Claim {
  readonly tokenHash: string;
  readonly route: McpRoute;
  readonly rule: MethodRule;
  readonly name: string;
  readonly upstreamId: string;
}

/** The claim of a call that was just authorized. */
export const claimOf = ({ tokenHash, posted, rule, target }: UpstreamCall): Claim => ({
  tokenHash,
  route: posted.route,
  rule,
  name: target.exposedName,
  upstreamId: target.upstream.id,
});

/** Why a claim does not hold in a snapshot; null when it does. The very rules that the steps of a new call ask. */
function problemOf(claim: Claim, snapshot: CatalogSnapshot, now: number): DomainError | null {
  try {
    const principal = principalOf(snapshot, claim.tokenHash, now);
    const target = targetOf(endpointOf(snapshot, principal, claim.route), claim.rule, claim.name);
    // The name now leads elsewhere, so what was called under it is gone.
    return target.upstream.id === claim.upstreamId ? null : unknownObject('object', claim.name);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

/** Asks a claim again, whenever it is called, against the snapshot of that moment. Holds on to nothing but the claim. */
export const recheckOf = (claim: Claim, snapshots: SnapshotSource, clock: Clock) => (): DomainError | null =>
  problemOf(claim, snapshots.current(), clock.now());
