import { describe, expect, it } from 'vitest';
import { createMetrics, type Metrics } from './create-metrics.js';
import { addMetrics, countersOf, sumMetrics, type MetricsSnapshot } from './sum-metrics.js';

const newMetrics = () => createMetrics({ processMetrics: false });
const call = (metrics: Metrics, seconds: number) =>
  metrics.mcpRequest({ service: 'gateway', method: 'tools/call', outcome: 'allowed' }, seconds);

const linesOf = async (parts: readonly MetricsSnapshot[]) => (await sumMetrics(parts)).body.split('\n');

describe('the metrics of several processes', () => {
  it('are added up: counters, histograms and gauges that count [OWN-7]', async () => {
    const [one, two] = [newMetrics(), newMetrics()];
    call(one, 0.002);
    call(two, 0.002);
    call(two, 40);
    one.gatewayProcesses(1);
    two.gatewayProcesses(1);
    const lines = await linesOf([await one.snapshot(), await two.snapshot()]);
    expect(lines).toContain('gatehouse_mcp_requests_total{method="tools/call",outcome="allowed",service="gateway"} 3');
    expect(lines).toContain(
      'gatehouse_mcp_request_duration_seconds_bucket{le="0.0025",method="tools/call",outcome="allowed"} 2',
    );
    expect(lines).toContain('gatehouse_mcp_request_duration_seconds_count{method="tools/call",outcome="allowed"} 3');
    expect(lines).toContain('gatehouse_gateway_processes 2');
  });

  it('say the oldest revision and age of those that serve one, and count no other process [OWN-7]', async () => {
    const [primary, one, two] = [newMetrics(), newMetrics(), newMetrics()];
    for (const [metrics, revision] of [
      [one, 7],
      [two, 9],
    ] as const) {
      metrics.snapshotRevision(revision);
      metrics.snapshotConfirmed();
    }
    const lines = await linesOf([await primary.snapshot(), await one.snapshot(), await two.snapshot()]);
    expect(lines).toContain('gatehouse_snapshot_revision 7');
    expect(lines.find((line) => line.startsWith('gatehouse_snapshot_age_seconds '))).not.toMatch(/-1$/);
  });

  it('say 0 for the store of the limits where one process does not reach it, and never 2 [OWN-7]', async () => {
    const [primary, one, two] = [newMetrics(), newMetrics(), newMetrics()];
    for (const metrics of [one, two]) {
      metrics.snapshotRevision(1);
      metrics.limitStoreAvailable(true);
    }
    const line = async () =>
      (await linesOf([await primary.snapshot(), await one.snapshot(), await two.snapshot()])).find((text) =>
        text.startsWith('gatehouse_limit_store_available '),
      );
    expect(await line()).toBe('gatehouse_limit_store_available 1');
    two.limitStoreAvailable(false);
    expect(await line()).toBe('gatehouse_limit_store_available 0');
  });

  it('keep what a process that ended had counted, but not what it was [OWN-7]', async () => {
    const [gone, later] = [newMetrics(), newMetrics()];
    call(gone, 0.002);
    gone.gatewayProcesses(1);
    later.gatewayProcesses(1);
    call(later, 0.002);
    const kept = await addMetrics([[], countersOf(await gone.snapshot())]);
    const lines = await linesOf([await addMetrics([kept, []]), await later.snapshot()]);
    expect(lines).toContain('gatehouse_mcp_requests_total{method="tools/call",outcome="allowed",service="gateway"} 2');
    expect(lines).toContain('gatehouse_gateway_processes 1');
  });

  it('leave out what could not be measured', async () => {
    const metrics = newMetrics();
    metrics.auditSpoolBytes(Number.NaN);
    const lines = await linesOf([await metrics.snapshot()]);
    expect(lines.filter((line) => line.startsWith('gatehouse_audit_spool_bytes '))).toEqual([]);
  });
});
