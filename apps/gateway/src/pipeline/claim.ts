import { DomainError, type Clock } from '#kernel';
import type { CatalogSnapshot, Endpoint, SnapshotSource } from '#snapshot';
import type { Gateway } from '../gateway.js';
import { upstreamsBehind } from '../relay/endpoint-upstreams.js';
import { unknownObject } from './call-error.js';
import type { IdentifiedCall, UpstreamCall } from './calls.js';
import type { McpRoute } from './mcp-route.js';
import type { MethodRule } from './method-rules.js';
import { endpointOf, principalOf, targetOf, toolOfId } from './rights.js';
import type { RunningCall } from './running-calls.js';

/** What a call rests on, small enough to keep beside an idle link to an upstream. */
export interface Claim {
  readonly tokenHash: string;
  readonly route: McpRoute;
  /** The object that is used; null: the endpoint, or an upstream behind it. */
  readonly object: { readonly rule: MethodRule; readonly name: string } | null;
  /** The upstream that is used; null: none. */
  readonly upstreamId: string | null;
  /** The tool whose task is used; null: none. */
  readonly toolId: string | null;
}

/** The claim of a call that was just authorized. */
export const claimOf = ({ endpoint, tokenHash, posted, rule, target }: UpstreamCall): Claim => ({
  tokenHash,
  route: posted.route,
  object: endpoint.kind === 'upstream' || rule.action !== 'execute' ? null : { rule, name: target.exposedName },
  upstreamId: target.upstream.id,
  toolId: endpoint.kind !== 'upstream' && rule.action === 'task' ? target.objectId : null,
});

/** The claim to an upstream through an endpoint, whatever of it is used. */
export const linkClaimOf = (call: IdentifiedCall, upstreamId: string | null): Claim => ({
  tokenHash: call.tokenHash,
  route: call.posted.route,
  object: null,
  upstreamId,
  toolId: null,
});

function objectProblem(endpoint: Endpoint, { object, toolId, upstreamId }: Claim): DomainError | null {
  if (object !== null) {
    const target = targetOf(endpoint, object.rule, object.name);
    // The name now leads elsewhere, so what was called under it is gone.
    return target.upstream.id === upstreamId ? null : unknownObject('object', object.name);
  }
  if (toolId !== null && toolOfId(endpoint, toolId) === null) return unknownObject('task', toolId);
  if (upstreamId === null || upstreamsBehind(endpoint).get(upstreamId)?.enabled === true) return null;
  return unknownObject('upstream', upstreamId);
}

/** Why a claim does not hold in a snapshot; null when it does. The very rules that the steps of a new call ask. */
function problemOf(claim: Claim, snapshot: CatalogSnapshot, now: number): DomainError | null {
  try {
    const principal = principalOf(snapshot, claim.tokenHash, now);
    return objectProblem(endpointOf(snapshot, principal, claim.route), claim);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

/** Asks a claim again, whenever it is called, against the snapshot of that moment. Holds on to nothing but the claim. */
export const recheckOf = (claim: Claim, snapshots: SnapshotSource, clock: Clock) => (): DomainError | null =>
  problemOf(claim, snapshots.current(), clock.now());

/**
 * Why a call would be refused now, where the configuration has changed since it was authorized: it may have waited for a
 * limit, or to learn what its upstream speaks, and `RunningCalls` asks only those that it knows. Null when it would not.
 */
export const lostSince = (
  { snapshots }: { readonly snapshots: SnapshotSource },
  { snapshot }: { readonly snapshot: CatalogSnapshot },
  recheck: () => DomainError | null,
): DomainError | null => (snapshots.current() === snapshot ? null : recheck());

/** Adds what goes on as long as a claim holds; `end()` it in any case. Throws why, where the claim was lost meanwhile. */
export function beginHeld(
  { clock, running, snapshots }: Pick<Gateway, 'clock' | 'running' | 'snapshots'>,
  call: { readonly snapshot: CatalogSnapshot },
  claim: Claim,
  isStanding = false,
): RunningCall {
  const recheck = recheckOf(claim, snapshots, clock);
  const lost = lostSince({ snapshots }, call, recheck);
  if (lost !== null) throw lost;
  return running.begin(recheck, isStanding);
}
