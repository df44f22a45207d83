export { createJobProducer, type JobProducer, type RetryPolicy } from './job-producer.js';
export {
  startJobRunner,
  type JobContext,
  type JobRunner,
  type JobRunnerOptions,
  type Processors,
} from './job-runner.js';
export type { JobStoreSettings } from './job-store.js';
export { migrateJobSchema } from './migrate-job-schema.js';
export { schedules, type Schedule, type ScheduleTimes } from './schedules.js';
