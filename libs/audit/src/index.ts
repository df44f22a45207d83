export type { AuditProblem, AuditProblemKind } from './audit-problem.js';
export { TransactionalRecorder, type TransactionalRecorderOptions } from './transactional-recorder.js';
export {
  BufferedAuditWriter,
  type AuditWriterObserver,
  type BufferedAuditWriterOptions,
} from './buffered-audit-writer.js';
export { RefusalAggregator, type Refusal, type RefusalAggregatorOptions } from './refusal-aggregator.js';
export { writeCheckpoints } from './write-checkpoints.js';
export { verifyAudit, type AuditVerification, type VerifyAuditOptions } from './verify-audit.js';
export {
  exportAudit,
  type AuditExportProgress,
  type AuditExportResult,
  type ExportAuditOptions,
} from './export-audit.js';
export type { AuditExportFilter, ExportedHead, ExportTrailer } from './export-lines.js';
export { verifyExport, type ExportVerification } from './verify-export.js';
export { dropExpiredPartitions } from './drop-expired-partitions.js';
export { ensurePartitions } from './ensure-partitions.js';
