import { describe, expect, it } from 'vitest';
import { createMetrics } from './create-metrics.js';

const createWithClock = () => {
  const state = { now: 1_000_000 };
  const metrics = createMetrics({ clock: { now: () => state.now }, processMetrics: false });
  return { state, metrics, page: async () => (await metrics.render()).body };
};

describe('metrics', () => {
  it('render every metric of this release under its documented name', async () => {
    const { page } = createWithClock();
    const names = [...(await page()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((match) => `${match[1]} ${match[2]}`);
    expect(names.sort()).toEqual([
      'gatehouse_audit_dropped_total counter',
      'gatehouse_audit_records_total counter',
      'gatehouse_audit_spool_bytes gauge',
      'gatehouse_client_sessions gauge',
      'gatehouse_client_streams gauge',
      'gatehouse_gateway_hops_total counter',
      'gatehouse_gateway_processes gauge',
      'gatehouse_graphql_duration_seconds histogram',
      'gatehouse_graphql_operations_total counter',
      'gatehouse_job_duration_seconds histogram',
      'gatehouse_jobs_total counter',
      'gatehouse_limit_store_available gauge',
      'gatehouse_mcp_request_duration_seconds histogram',
      'gatehouse_mcp_requests_total counter',
      'gatehouse_rate_limited_total counter',
      'gatehouse_refused_credentials_total counter',
      'gatehouse_snapshot_age_seconds gauge',
      'gatehouse_snapshot_revision gauge',
      'gatehouse_upstream_requests_total counter',
    ]);
  });

  it('count what happened', async () => {
    const { metrics, page } = createWithClock();
    metrics.mcpRequest({ service: 'gateway', method: 'tools/call', outcome: 'allowed' }, 0.0004);
    metrics.mcpRequest({ service: 'gateway', method: 'tools/call', outcome: 'denied' }, 0.0001);
    metrics.graphqlOperation({ operationType: 'mutation', outcome: 'failed' }, 0.02);
    metrics.job({ queue: 'sync-catalog', outcome: 'succeeded' }, 1.5);
    metrics.auditRecords({ writer: 'gateway', outcome: 'written' }, 3);
    metrics.auditDropped(2);
    metrics.auditSpoolBytes(4096);
    metrics.upstreamRequest({ upstream: 'github', outcome: 'UPSTREAM_TIMEOUT' });
    metrics.refusedCredential('expired');
    const lines = (await page()).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'gatehouse_mcp_requests_total{method="tools/call",outcome="allowed",service="gateway"} 1',
        'gatehouse_mcp_request_duration_seconds_bucket{le="0.00025",method="tools/call",outcome="allowed"} 0',
        'gatehouse_mcp_request_duration_seconds_bucket{le="0.0005",method="tools/call",outcome="allowed"} 1',
        'gatehouse_mcp_request_duration_seconds_count{method="tools/call",outcome="denied"} 1',
        'gatehouse_graphql_operations_total{operation_type="mutation",outcome="failed"} 1',
        'gatehouse_graphql_duration_seconds_sum{operation_type="mutation",outcome="failed"} 0.02',
        'gatehouse_jobs_total{queue="sync-catalog",outcome="succeeded"} 1',
        'gatehouse_job_duration_seconds_count{queue="sync-catalog",outcome="succeeded"} 1',
        'gatehouse_audit_records_total{writer="gateway",outcome="written"} 3',
        'gatehouse_audit_dropped_total 2',
        'gatehouse_audit_spool_bytes 4096',
        'gatehouse_upstream_requests_total{upstream="github",outcome="UPSTREAM_TIMEOUT"} 1',
        'gatehouse_refused_credentials_total{reason="expired"} 1',
      ]),
    );
  });

  it('age the snapshot from its last confirmation', async () => {
    const { state, metrics, page } = createWithClock();
    expect(await page()).toContain('gatehouse_snapshot_age_seconds -1\n');
    metrics.snapshotRevision(42);
    metrics.snapshotConfirmed();
    state.now += 1500;
    expect(await page()).toContain('gatehouse_snapshot_age_seconds 1.5\n');
    expect(await page()).toContain('gatehouse_snapshot_revision 42\n');
  });

  it('stay small whatever clients send', async () => {
    const { metrics, page } = createWithClock();
    for (let n = 0; n < 2000; n += 1) {
      metrics.mcpRequest({ service: `s${n}`, method: `evil/${n}`, outcome: 'failed' }, 1);
      metrics.upstreamRequest({ upstream: `u${n}`, outcome: 'ok' });
      metrics.refusedCredential(`r${n}`);
    }
    metrics.refusedCredential('x'.repeat(10_000));
    const body = await page();
    expect(body).toContain('gatehouse_mcp_request_duration_seconds_count{method="other",outcome="failed"} 2000');
    expect(body.match(/^gatehouse_mcp_requests_total\{/gm)).toHaveLength(21);
    expect(body.match(/^gatehouse_upstream_requests_total\{/gm)).toHaveLength(501);
    expect(body.match(/^gatehouse_refused_credentials_total\{/gm)).toHaveLength(51);
    expect(body).not.toContain('xxx');
  });

  it('report the process, too, in the format of Prometheus', async () => {
    const { contentType, body } = await createMetrics().render();
    expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(body).toMatch(/^process_cpu_seconds_total \d/m);
    expect(body).toMatch(/^nodejs_eventloop_lag_seconds /m);
  });
});
