import type { MixResult } from '../mixes/mix.js';
import type { Options } from '../options.js';
import type { machine } from './machine.js';

/** The file of one run. */
export interface BenchResult {
  readonly at: string;
  readonly machine: ReturnType<typeof machine>;
  readonly options: Omit<Options, 'out' | 'profile'>;
  readonly results: readonly MixResult[];
}
