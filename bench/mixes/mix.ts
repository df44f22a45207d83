import type { LoadRunner } from '../measure/load-runner.js';
import type { Figures } from '../measure/interleave.js';
import type { Spread } from '../measure/statistics.js';
import type { Options } from '../options.js';
import type { Server } from '../world/gateway.js';
import type { World } from '../world/open-world.js';

/** What every mix works with. */
export interface Bench {
  readonly options: Options;
  readonly world: World;
  readonly runner: LoadRunner;
  /** The gateway that most mixes measure. */
  readonly gateway: Server;
  /** The bare forwarder in front of the plain upstream: the reference of the ratios. */
  readonly forwarder: { readonly url: string; readonly pids: readonly number[]; readonly ask: Server['ask'] };
  /** Prints what is going on. */
  say(text: string): void;
}

/** One figure with its goal. */
export interface Ratio {
  readonly name: string;
  readonly value: Spread;
  /** What it should be; null: told, not judged. */
  readonly goal: { readonly atMost: number } | { readonly atLeast: number } | null;
  readonly unit: 'x' | 'KB';
}

/** What a mix found out. */
export interface MixResult {
  readonly mix: string;
  readonly title: string;
  readonly figures: readonly Figures[];
  readonly ratios: readonly Ratio[];
  /** What else a reader should know. */
  readonly notes: readonly string[];
  /** Requests that were answered wrongly; any makes the run a failure. */
  readonly errors: number;
}

/** Puts a result together; errors are those of all figures. */
export const mixResult = (
  mix: string,
  title: string,
  figures: readonly Figures[],
  ratios: readonly Ratio[] = [],
  notes: readonly string[] = [],
): MixResult => ({
  ...{ mix, title, figures, ratios, notes },
  errors: figures.reduce((sum, one) => sum + one.errors, 0),
});

/** One number where no spread exists. */
export const exactly = (value: number): Spread => ({ median: value, q1: value, q3: value, count: 1 });

/** The number of connections of mixes that look at one number only: 16 where it is asked for. */
export const focus = ({ connections }: Options): number => (connections.includes(16) ? 16 : (connections[0] ?? 16));

/** `tools/call` of `echo` on an upstream of the plain kind. */
export const echo = (url: string, token: string | null, tool: string, size = 64) => ({
  ...{ url, token, tool, size },
  kind: 'call' as const,
  era: 'legacy' as const,
});
