import { z } from 'zod';
import { concern, int, setting, text } from '../setting.js';

/** OpenTelemetry's own lists: `name=value,name=value`, values percent-encoded. */
const pairs = () =>
  z.string().transform((given, context): Readonly<Record<string, string>> => {
    const found: Record<string, string> = {};
    for (const part of given.split(',').filter((one) => one.trim() !== '')) {
      const at = part.indexOf('=');
      const name = part.slice(0, at).trim();
      try {
        if (at < 1 || name === '') throw new URIError();
        found[name] = decodeURIComponent(part.slice(at + 1).trim());
      } catch {
        // The value may be a secret: the message must not repeat it.
        context.addIssue('must be a list such as name=value,other=value, with values percent-encoded');
        return z.NEVER;
      }
    }
    return found;
  });

const collector = () =>
  z.string().refine((value) => URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol), {
    message: 'must be an http:// or https:// address such as http://collector:4318',
  });

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** Traces and metrics for an OpenTelemetry collector; the names are those of the OpenTelemetry specification. */
export const telemetry = concern('OpenTelemetry', {
  endpoint: setting({
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    schema: collector().optional(),
    description:
      'Address of a collector that takes OTLP over HTTP (protobuf); `/v1/traces` and `/v1/metrics` are added. Not set: no telemetry at all, and none of its code is loaded.',
  }),
  disabled: setting({
    env: 'OTEL_SDK_DISABLED',
    schema: z
      .string()
      .toLowerCase()
      .pipe(z.enum(['true', 'false'], 'must be true or false'))
      .transform((value) => value === 'true'),
    default: 'false',
    description: '`true` turns telemetry off although an endpoint is set.',
  }),
  headers: setting({
    env: 'OTEL_EXPORTER_OTLP_HEADERS',
    schema: pairs(),
    default: '',
    secret: true,
    description: 'Headers for the collector, for example `authorization=Bearer%20…`.',
  }),
  protocol: setting({
    env: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    schema: z.enum(['http/protobuf'], 'must be http/protobuf: no other protocol is built in'),
    default: 'http/protobuf',
    description: 'How the collector is spoken to.',
  }),
  timeout: setting({
    env: 'OTEL_EXPORTER_OTLP_TIMEOUT',
    schema: int(1, 600_000),
    default: '10000',
    description: 'Milliseconds for one delivery, its repetitions included.',
  }),
  serviceName: setting({
    env: 'OTEL_SERVICE_NAME',
    schema: text(),
    default: 'gatehouse-gateway',
    description: 'The resource attribute `service.name`.',
  }),
  resourceAttributes: setting({
    env: 'OTEL_RESOURCE_ATTRIBUTES',
    schema: pairs(),
    default: '',
    description: 'Further resource attributes, for example `deployment.environment.name=production`.',
  }),
  tracesExporter: setting({
    env: 'OTEL_TRACES_EXPORTER',
    schema: z.enum(['otlp', 'none'], 'must be otlp or none'),
    default: 'otlp',
    description: '`none` sends no spans; trace context is still passed on.',
  }),
  metricsExporter: setting({
    env: 'OTEL_METRICS_EXPORTER',
    schema: z.enum(['otlp', 'none'], 'must be otlp or none'),
    default: 'otlp',
    description: '`none` sends no metrics; `/metrics` for Prometheus does not depend on it.',
  }),
  sampler: setting({
    env: 'OTEL_TRACES_SAMPLER',
    schema: z.enum(samplers, `must be one of ${samplers.join(', ')}`),
    default: 'parentbased_always_on',
    description: 'Which traces are recorded.',
  }),
  samplerArg: setting({
    env: 'OTEL_TRACES_SAMPLER_ARG',
    schema: z
      .string()
      .regex(/^(0|1|0?\.\d+|0\.\d+|1\.0+)$/, 'must be a share between 0 and 1')
      .transform(Number),
    default: '1',
    description: 'The share that the `traceidratio` samplers record.',
  }),
  metricInterval: setting({
    env: 'OTEL_METRIC_EXPORT_INTERVAL',
    schema: int(100, 86_400_000),
    default: '60000',
    description: 'Milliseconds between two deliveries of metrics.',
  }),
});

/** Read by the exporter packages themselves (TLS and compression of the connection to the collector). */
const readElsewhere =
  /^OTEL_EXPORTER_OTLP_(?:(?:TRACES|METRICS)_)?(?:CERTIFICATE|CLIENT_CERTIFICATE|CLIENT_KEY|COMPRESSION)$/;

/**
 * The `OTEL_*` variables that are set but have no effect. Unlike ours they are no error: fleets set them for all their
 * programs, in every language, at once.
 */
export function unreadTelemetryNames(env: NodeJS.ProcessEnv = process.env): string[] {
  const known = new Set(
    Object.values(telemetry.settings).flatMap((one) => (one.secret ? [one.env, `${one.env}_FILE`] : [one.env])),
  );
  return Object.keys(env)
    .filter((name) => name.startsWith('OTEL_') && !known.has(name) && !readElsewhere.test(name))
    .toSorted();
}
