import { Inject, Injectable } from '@nestjs/common';
import type { JobPayload } from '#contracts';
import { checkEra, checkHealth, type UpstreamIdentity } from '#mcp';
import type { JobContext, JobProducer } from '#queue';
import { PRODUCER } from '../dependencies.js';
import type { DialedUpstream } from '../upstreams/dialed-upstream.js';
import { failed, succeeded } from '../upstreams/operation-result.js';
import { UpstreamDialer, type Finding } from '../upstreams/upstream-dialer.js';
import { UpstreamJobs, type Settlement } from '../upstreams/upstream-jobs.js';

/**
 * Checks one upstream: a handshake with its own credential (in the era that is set for it, if one is), a row in
 * `health_checks`, and a turned state when it is news. An upstream that came back, or speaks another era or transport
 * than the catalogue says, is synced, too.
 */
@Injectable()
export class CheckUpstreamHealthProcessor {
  constructor(
    private readonly jobs: UpstreamJobs,
    private readonly dialer: UpstreamDialer,
    @Inject(PRODUCER) private readonly producer: JobProducer,
  ) {}

  async process(payload: JobPayload<'check-upstream-health'>, job: JobContext): Promise<void> {
    let stale = false;
    await this.jobs.run('check-upstream-health', payload, job, async (_ctx, upstream) => {
      const finding = await this.dialer.dial(upstream, job.requestId, (connection) =>
        upstream.protocolEra === null
          ? checkHealth(connection, upstream.era, job.signal)
          : checkEra(connection, upstream.protocolEra, job.signal),
      );
      stale = finding.ok && (upstream.health !== 'HEALTHY' || speaksOtherwise(upstream, finding.value));
      return settlementOf(upstream, finding);
    });
    if (!stale) return;
    const { organizationId, upstreamId } = payload;
    const sync = { organizationId, upstreamId, operationId: null };
    await this.producer.enqueue('sync-catalog', sync, { requestId: job.requestId, once: upstreamId });
  }
}

/** Whether the catalogue was read from something that spoke otherwise: another era, or another transport. */
const speaksOtherwise = (
  upstream: DialedUpstream,
  { era, transport = upstream.transport }: UpstreamIdentity,
): boolean => upstream.era !== era || upstream.transport !== transport;

function settlementOf(upstream: DialedUpstream, finding: Finding<UpstreamIdentity>): Settlement {
  const { latencyMs } = finding;
  if (!finding.ok) {
    const { code, message } = finding.error;
    const health = { status: 'UNHEALTHY', code, message, latencyMs } as const;
    return { health, operation: failed(finding.error, { latencyMs }), change: null };
  }
  const { era, protocolVersion } = finding.value;
  return {
    health: { status: 'HEALTHY', code: null, message: null, latencyMs },
    operation: succeeded({ upstream: upstream.slug, era, protocolVersion, latencyMs }),
    change: null,
  };
}
