import { availableParallelism, cpus, release, totalmem } from 'node:os';

/** What figures depend on beside the program. */
export const machine = () => ({
  node: process.version,
  platform: `${process.platform} ${release()} ${process.arch}`,
  processor: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 1024 ** 3),
});
