export type { CallOutcome } from './call-outcome.js';
export { isSafeCorrelationId } from './correlation-id.js';
export { createLogger, writeLogLine, type LogDestination, type LoggerOptions, type LogLevel } from './create-logger.js';
export {
  createMetrics,
  type GraphqlOperationType,
  type JobOutcome,
  type Metrics,
  type MetricsOptions,
} from './create-metrics.js';
export { runWithLogContext, type LogContext } from './log-context.js';
export type { LogFields, Logger } from './logger.js';
export { NestLogger } from './nest-logger.js';
export { addMetrics, countersOf, sumMetrics, type MetricsSnapshot } from './sum-metrics.js';
export { type Classification, type FieldClassification } from './redact-fields.js';
export { openTelemetry } from './telemetry/open-telemetry.js';
export type { TelemetryOptions } from './telemetry/telemetry-options.js';
export type {
  Operation,
  OperationEnd,
  OperationStart,
  ServerOperationStart,
  Telemetry,
  TelemetryAttributes,
} from './telemetry/telemetry.js';
export { traceContextOf, traceFields, type TraceContext } from './telemetry/trace-context.js';
