import type { Attributes, Histogram, Meter } from '@opentelemetry/api';

/** Seconds; the buckets of the semantic conventions for MCP. */
const explicitBucketBoundaries = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

/** Attributes of few values; everything else (ids, URIs, addresses of clients) stands on spans only. */
const kept = [
  'mcp.method.name',
  'mcp.protocol.version',
  'gen_ai.operation.name',
  'gen_ai.tool.name',
  'gen_ai.prompt.name',
  'rpc.response.status_code',
  'error.type',
  'network.transport',
  'network.protocol.name',
  'network.protocol.version',
  'server.address',
  'server.port',
  'gatehouse.endpoint',
  'gatehouse.upstream',
  'gatehouse.outcome',
  'gatehouse.bridge',
];

const describe = { server: 'received', client: 'sent' } as const;

/** The histograms of one side of MCP: operations and sessions. */
export class OperationMetrics {
  readonly #operations: Histogram;
  readonly #sessions: Histogram;

  constructor(meter: Meter, side: 'server' | 'client') {
    const histogram = (name: string, description: string) =>
      meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries } });
    this.#operations = histogram(`mcp.${side}.operation.duration`, `Time to answer an MCP request ${describe[side]}.`);
    this.#sessions = histogram(`mcp.${side}.session.duration`, 'How long an MCP session lasted.');
  }

  operation(seconds: number, attributes: Attributes): void {
    this.#operations.record(seconds, pick(attributes));
  }

  session(seconds: number, attributes: Attributes): void {
    this.#sessions.record(seconds, pick(attributes));
  }
}

function pick(attributes: Attributes): Attributes {
  const picked: Attributes = {};
  for (const name of kept) {
    const value = attributes[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
