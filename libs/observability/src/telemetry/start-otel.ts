import { setTimeout as delay } from 'node:timers/promises';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { newId } from '#kernel';
import { createSampler } from './create-sampler.js';
import { ExportWatch } from './export-watch.js';
import { OperationMetrics } from './operation-metrics.js';
import { OtelOperations } from './otel-operations.js';
import type { TelemetryOptions } from './telemetry-options.js';
import type { Telemetry } from './telemetry.js';

/** Spans kept while the collector is slow, and how many go out at once. */
const maxQueueSize = 8192;
const maxExportBatchSize = 1024;
const scope = 'gatehouse';

interface OtelOptions extends TelemetryOptions {
  readonly endpoint: string;
}

/** Sets up tracer and meter with OTLP over HTTP. The only file that wires the OpenTelemetry SDK. */
export function startOtel(options: OtelOptions): Telemetry {
  const { config, logger, version, endpoint } = options;
  const { serviceName, resourceAttributes } = config.telemetry;
  const resource = resourceFromAttributes({
    ...resourceAttributes,
    'service.name': serviceName,
    'service.version': version,
    'service.instance.id': newId(),
    'process.pid': process.pid,
  });
  const watch = new ExportWatch(logger, endpoint);
  const tracers = openTracers(options, resource, watch);
  const meters = openMeters(options, resource, watch);
  const meter = meters.getMeter(scope, version);
  const operations = new OtelOperations(tracers.getTracer(scope, version), {
    server: new OperationMetrics(meter, 'server'),
    client: new OperationMetrics(meter, 'client'),
  });
  const close = async (deadlineMs: number): Promise<void> => {
    const timer = new AbortController();
    const work = Promise.allSettled([tracers.shutdown(), meters.shutdown()]);
    await Promise.race([work, delay(deadlineMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
  };
  return {
    serverOperation: (start) => operations.server(start),
    clientOperation: (start, parent) => operations.client(start, parent),
    sessionEnded: (side, seconds, attributes) => operations.sessionEnded(side, seconds, attributes),
    close,
  };
}

const collectorOf = ({ config, endpoint }: OtelOptions, signal: 'traces' | 'metrics') => ({
  url: `${endpoint.replace(/\/+$/, '')}/v1/${signal}`,
  headers: { ...config.telemetry.headers },
  timeoutMillis: config.telemetry.timeout,
});

function openTracers(options: OtelOptions, resource: Resource, watch: ExportWatch): TracerProvider {
  const { tracesExporter, sampler, samplerArg } = options.config.telemetry;
  const exporters =
    tracesExporter === 'none' ? [] : [watch.over(new OTLPTraceExporter(collectorOf(options, 'traces')))];
  return new TracerProvider({
    resource,
    sampler: createSampler(sampler, samplerArg),
    spanLimits: { attributeValueLengthLimit: 2048 },
    spanProcessors: exporters.map(
      (exporter) =>
        new BatchSpanProcessor({
          exporter,
          maxQueueSize,
          maxExportBatchSize,
          exportTimeoutMillis: options.config.telemetry.timeout,
        }),
    ),
  });
}

function openMeters(options: OtelOptions, resource: Resource, watch: ExportWatch): MeterProvider {
  const { metricsExporter, metricInterval, timeout } = options.config.telemetry;
  const exporters =
    metricsExporter === 'none' ? [] : [watch.over(new OTLPMetricExporter(collectorOf(options, 'metrics')))];
  return new MeterProvider({
    resource,
    readers: exporters.map(
      (exporter) =>
        new PeriodicExportingMetricReader({
          exporter,
          exportIntervalMillis: metricInterval,
          exportTimeoutMillis: Math.min(timeout, metricInterval),
        }),
    ),
  });
}
