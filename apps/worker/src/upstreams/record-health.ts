import type { CallContext } from '#kernel';
import type { Upstream, WriteTransaction } from '#persistence';
import type { DialedUpstream } from './dialed-upstream.js';

/** What a check says about an upstream. */
export interface HealthReport {
  readonly status: 'HEALTHY' | 'UNHEALTHY';
  /** Error code of the registry; with HEALTHY: it answers, and something else about it is wrong. */
  readonly code: string | null;
  readonly message: string | null;
  readonly latencyMs: number;
}

const codeOf = ({ status, code }: HealthReport): string | null => (status === 'HEALTHY' ? null : code);

/** Whether the report is news: another state, or another reason to be unhealthy. */
export const isFlip = (upstream: Pick<DialedUpstream, 'health' | 'healthCode'>, report: HealthReport): boolean =>
  upstream.health !== report.status || upstream.healthCode !== codeOf(report);

/** Adds the result of a check to the history. */
export function addHealthCheck(
  tx: WriteTransaction,
  ctx: CallContext,
  upstreamId: string,
  { status, code, message, latencyMs }: HealthReport,
): void {
  tx.healthChecks.create({
    upstreamId,
    status,
    code,
    // PostgreSQL keeps no NUL; upstreams choose a part of this text.
    message: message?.replaceAll('\0', '\ufffd') ?? null,
    latencyMs,
    checkedAt: new Date(ctx.clock.now()),
  });
}

/** Turns the state of a row when the report is news; gateways hear of it by the change trigger. */
export function turnHealth(row: Upstream, ctx: CallContext, report: HealthReport): void {
  if (!isFlip(row, report)) return;
  row.health = report.status;
  row.healthCode = codeOf(report);
  row.healthChangedAt = new Date(ctx.clock.now());
}
