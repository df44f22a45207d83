import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

/**
 * Deadline tests: they wait on a condition and fail at three times the promise, so they run alone, one file after the
 * other, after everything else has ended.
 */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [], exclude: [] } },
  defineConfig({
    test: {
      include: ['test/deadline/**/*.spec.ts'],
      exclude: ['node_modules/**', 'dist/**'],
      fileParallelism: false,
      maxWorkers: 1,
    },
  }),
);
