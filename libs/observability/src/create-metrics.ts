import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type Metric } from 'prom-client';
import { systemClock, type Clock, type ErrorCode } from '#kernel';
import type { CallOutcome } from './call-outcome.js';
import { CallTally } from './call-tally.js';
import { boundedLabel, listedLabel } from './bounded-label.js';
import { mcpMethods } from './mcp-methods.js';
import type { MetricsSnapshot } from './sum-metrics.js';

/** How one run of a job ended; `retried` failed and will run again. */
export type JobOutcome = 'succeeded' | 'failed' | 'retried';
/** `other` is a document that was refused before its operation was known. */
export type GraphqlOperationType = 'query' | 'mutation' | 'subscription' | 'other';

/** Settings of the metrics of a process. */
export interface MetricsOptions {
  readonly clock?: Clock;
  /** Also report memory, CPU, event loop and garbage collection of the process. Default: true. */
  readonly processMetrics?: boolean;
}

/** What the services of a process report. Durations are seconds; label values are bounded, unknown ones are `other`. */
export interface Metrics {
  mcpRequest(labels: { service: string; method: string; outcome: CallOutcome }, seconds: number): void;
  graphqlOperation(labels: { operationType: GraphqlOperationType; outcome: CallOutcome }, seconds: number): void;
  job(labels: { queue: string; outcome: JobOutcome }, seconds: number): void;
  /** Audit records that a writer stored, put into its spool file, or could do neither with. */
  auditRecords(labels: { writer: string; outcome: 'written' | 'spooled' | 'refused' }, count: number): void;
  auditDropped(count: number): void;
  auditSpoolBytes(bytes: number): void;
  /** The revision that the gateway now serves. */
  snapshotRevision(revision: number): void;
  /** The database just confirmed that the served snapshot is current; its age counts from now. */
  snapshotConfirmed(): void;
  upstreamRequest(labels: { upstream: string; outcome: 'ok' | ErrorCode }): void;
  refusedCredential(reason: string): void;
  /** Messages refused by a rate limit, or because its store did not answer. */
  rateLimited(reason: 'limit' | 'store-down'): void;
  /** Whether the store of the rate limits answers. */
  limitStoreAvailable(available: boolean): void;
  /** Sessions of legacy clients that this process keeps. */
  clientSessions(open: number): void;
  /** Event streams open to clients. */
  clientStreams(open: number): void;
  /** A request between gateway processes: handed over, its owner gone, served for another process, or not believed. */
  gatewayHop(outcome: 'forwarded' | 'owner-gone' | 'served' | 'refused'): void;
  /** 1 where this process is a gateway that serves; the sum over all processes tells how many there are. */
  gatewayProcesses(count: number): void;
  /** What {@link sumMetrics} adds up over several processes; passes a channel between processes. */
  snapshot(): Promise<MetricsSnapshot>;
  /** The page for Prometheus (text exposition format). */
  render(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** The gateway's own share of a call is far below a millisecond, so the buckets begin at 0.25 ms. */
const callBuckets = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const graphqlBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const jobBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

/** Creates the one metrics registry of a process. */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry });
  return {
    ...callMetrics(registry),
    ...workMetrics(registry),
    ...limitMetrics(registry),
    ...clientMetrics(registry),
    ...auditMetrics(registry),
    ...processMetrics(registry),
    ...snapshotMetrics(registry, options.clock ?? systemClock),
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

const counter = <T extends string>(registry: Registry, name: string, help: string, labelNames: readonly T[]) =>
  new Counter<T>({ name, help, labelNames, registers: [registry] });

const histogram = <T extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly T[],
  buckets: number[],
) => new Histogram<T>({ name, help, labelNames, buckets, registers: [registry] });

function callMetrics(registry: Registry) {
  const calls = new CallTally(callBuckets);
  const own = [
    calls.counter('gatehouse_mcp_requests_total', 'MCP requests answered.'),
    calls.histogram('gatehouse_mcp_request_duration_seconds', 'Time to answer an MCP request, the upstream included.'),
  ];
  // The registry asks for a name and for `get()`; its type names prom-client's own classes only.
  for (const metric of own) registry.registerMetric(metric as unknown as Metric);
  // Counted here and told at the next scrape, for the same reason as in CallTally.
  const untold = new Map<string, Map<string, number>>();
  const upstreams = new Counter({
    name: 'gatehouse_upstream_requests_total',
    help: 'Requests sent to upstream MCP servers.',
    labelNames: ['upstream', 'outcome'],
    registers: [],
    collect() {
      for (const [outcome, counts] of untold)
        for (const [name, count] of counts) this.inc({ upstream: name, outcome }, count);
      untold.clear();
    },
  });
  registry.registerMetric(upstreams);
  const refused = counter(registry, 'gatehouse_refused_credentials_total', 'Requests with no or a bad credential.', [
    'reason',
  ]);
  const service = boundedLabel(20);
  const method = listedLabel(mcpMethods);
  const upstream = boundedLabel(500);
  const reason = boundedLabel(50);
  return {
    mcpRequest: (labels, seconds) => calls.add(service(labels.service), method(labels.method), labels.outcome, seconds),
    upstreamRequest: (labels) => {
      let counts = untold.get(labels.outcome);
      if (counts === undefined) untold.set(labels.outcome, (counts = new Map()));
      const name = upstream(labels.upstream);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    },
    refusedCredential: (text) => refused.inc({ reason: reason(text) }),
  } satisfies Partial<Metrics>;
}

function limitMetrics(registry: Registry) {
  const limited = counter(registry, 'gatehouse_rate_limited_total', 'MCP messages refused by a rate limit.', [
    'reason',
  ]);
  const available = new Gauge({
    name: 'gatehouse_limit_store_available',
    help: '1 while the store of the rate limits answers; 0 where it does not answer one of several processes.',
    registers: [registry],
    aggregator: 'min',
  });
  return {
    rateLimited: (reason) => limited.inc({ reason }),
    limitStoreAvailable: (answers) => available.set(answers ? 1 : 0),
  } satisfies Partial<Metrics>;
}

function clientMetrics(registry: Registry) {
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] });
  const sessions = gauge('gatehouse_client_sessions', 'Sessions of legacy MCP clients that this process keeps.');
  const streams = gauge('gatehouse_client_streams', 'Event streams open to MCP clients.');
  return {
    clientSessions: (open) => sessions.set(open),
    clientStreams: (open) => streams.set(open),
  } satisfies Partial<Metrics>;
}

function processMetrics(registry: Registry) {
  const hops = counter(registry, 'gatehouse_gateway_hops_total', 'Requests between gateway processes.', ['outcome']);
  const processes = new Gauge({
    name: 'gatehouse_gateway_processes',
    help: 'Gateway processes that serve.',
    registers: [registry],
  });
  return {
    gatewayHop: (outcome) => hops.inc({ outcome }),
    gatewayProcesses: (count) => processes.set(count),
  } satisfies Partial<Metrics>;
}

function workMetrics(registry: Registry) {
  const operations = counter(registry, 'gatehouse_graphql_operations_total', 'GraphQL operations answered.', [
    'operation_type',
    'outcome',
  ]);
  const operationSeconds = histogram(
    registry,
    'gatehouse_graphql_duration_seconds',
    'Time to answer a GraphQL operation.',
    ['operation_type', 'outcome'],
    graphqlBuckets,
  );
  const jobs = counter(registry, 'gatehouse_jobs_total', 'Runs of jobs.', ['queue', 'outcome']);
  const jobSeconds = histogram(
    registry,
    'gatehouse_job_duration_seconds',
    'Time of one run of a job.',
    ['queue', 'outcome'],
    jobBuckets,
  );
  const queue = boundedLabel(50);
  return {
    graphqlOperation: ({ operationType, outcome }, seconds) => {
      const labels = { operation_type: operationType, outcome };
      operations.inc(labels);
      operationSeconds.observe(labels, seconds);
    },
    job: (given, seconds) => {
      const labels = { queue: queue(given.queue), outcome: given.outcome };
      jobs.inc(labels);
      jobSeconds.observe(labels, seconds);
    },
  } satisfies Partial<Metrics>;
}

function auditMetrics(registry: Registry) {
  const records = counter(registry, 'gatehouse_audit_records_total', 'Audit records by what became of them.', [
    'writer',
    'outcome',
  ]);
  const dropped = counter(registry, 'gatehouse_audit_dropped_total', 'Audit records lost, by explicit setting.', []);
  const spool = new Gauge({
    name: 'gatehouse_audit_spool_bytes',
    help: 'Size of the spool file that holds audit records while the database is away.',
    registers: [registry],
  });
  const writer = boundedLabel(50);
  return {
    auditRecords: (labels, count) => records.inc({ writer: writer(labels.writer), outcome: labels.outcome }, count),
    auditDropped: (count) => dropped.inc(count),
    auditSpoolBytes: (bytes) => spool.set(bytes),
  } satisfies Partial<Metrics>;
}

/** Gauges that say nothing where no gateway runs. */
const ofGateways = /^gatehouse_(snapshot_|limit_store_available$)/;

function snapshotMetrics(registry: Registry, clock: Clock) {
  let confirmedAt: number | null = null;
  const revision = new Gauge({
    name: 'gatehouse_snapshot_revision',
    help: 'Configuration revision that is served; of several processes the oldest.',
    registers: [registry],
    aggregator: 'min',
  });
  const age = new Gauge({
    name: 'gatehouse_snapshot_age_seconds',
    help: 'Time since the database last confirmed that the served configuration is current; -1 before the first time.',
    registers: [],
    aggregator: 'max',
    collect() {
      this.set(confirmedAt === null ? -1 : Math.max(0, clock.now() - confirmedAt) / 1000);
    },
  });
  registry.registerMetric(age);
  let isServing = false;
  return {
    snapshotRevision: (value) => {
      isServing = true;
      revision.set(value);
    },
    snapshotConfirmed: () => {
      confirmedAt = clock.now();
    },
    // A process without a gateway serves no revision and asks no store, and must not count as one that cannot.
    snapshot: async () => {
      const all = await registry.getMetricsAsJSON();
      return isServing ? all : all.filter(({ name }) => !ofGateways.test(name));
    },
  } satisfies Partial<Metrics>;
}
