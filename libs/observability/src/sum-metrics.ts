import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';

/** The metrics of one process at one moment: plain data. */
export type MetricsSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

/**
 * The page for Prometheus over several processes: counters and histograms are added up, and so are gauges that count
 * something; of the others the most telling value is taken (the oldest revision, the mean event loop delay).
 */
export async function sumMetrics(
  parts: readonly MetricsSnapshot[],
): Promise<{ readonly contentType: string; readonly body: string }> {
  const registry = AggregatorRegistry.aggregate(parts.map(measured));
  return { contentType: registry.contentType, body: await registry.metrics() };
}

/** Without what could not be measured since the last look (NaN), which would spoil every sum. */
const measured = (snapshot: MetricsSnapshot): MetricsSnapshot =>
  snapshot.map((metric) => ({ ...metric, values: metric.values.filter(({ value }) => !Number.isNaN(value)) }));

/** Several snapshots as one. */
export const addMetrics = (parts: readonly MetricsSnapshot[]): Promise<MetricsSnapshot> =>
  AggregatorRegistry.aggregate([...parts]).getMetricsAsJSON();

/** What remains of a process that has ended: a sum that went down would look like a restart of everything. */
export const countersOf = (snapshot: MetricsSnapshot): MetricsSnapshot =>
  snapshot.filter(({ type }) => ['counter', 'histogram', 'summary'].includes(String(type)));
