import type { JobPayload, QueueName } from '#contracts';
import { runWithLogContext, type Logger, type Metrics } from '#observability';
import type { JobContext } from '#queue';

/** What a job does with its payload. */
export type Process<Q extends QueueName> = (payload: JobPayload<Q>, context: JobContext) => Promise<void>;

/** Wraps a processor: its log lines carry queue and correlation id, and each run is counted by how it ended. */
export function runObserved<Q extends QueueName>(
  queue: Q,
  process: Process<Q>,
  { logger, metrics }: { readonly logger: Logger; readonly metrics: Metrics },
): Process<Q> {
  return (payload, context) =>
    runWithLogContext({ requestId: context.requestId, queue, ...organizationOf(payload) }, async () => {
      const startedAt = performance.now();
      const seconds = () => (performance.now() - startedAt) / 1000;
      try {
        await process(payload, context);
        metrics.job({ queue, outcome: 'succeeded' }, seconds());
        logger.debug({ durationMs: Math.round(seconds() * 1000) }, 'A job is done.');
      } catch (error) {
        metrics.job({ queue, outcome: context.lastAttempt ? 'failed' : 'retried' }, seconds());
        const text = context.lastAttempt
          ? 'A job failed for the last time.'
          : 'A job failed; it will be tried again after a pause.';
        logger[context.signal.aborted ? 'debug' : 'warn']({ err: error, attempt: context.attempt }, text);
        throw error;
      }
    });
}

const organizationOf = (payload: object): { organizationId?: string } =>
  'organizationId' in payload && typeof payload.organizationId === 'string'
    ? { organizationId: payload.organizationId }
    : {};
