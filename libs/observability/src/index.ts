export { isSafeCorrelationId } from './correlation-id.js';
export { createLogger, type LogDestination, type LoggerOptions, type LogLevel } from './create-logger.js';
export {
  createMetrics,
  type CallOutcome,
  type GraphqlOperationType,
  type JobOutcome,
  type Metrics,
  type MetricsOptions,
} from './create-metrics.js';
export { runWithLogContext, type LogContext } from './log-context.js';
export type { LogFields, Logger } from './logger.js';
export { NestLogger } from './nest-logger.js';
export { type Classification, type FieldClassification } from './redact-fields.js';
