import type { LoadJob } from '../load/load-job.js';
import type { Options } from '../options.js';
import { residentBytes } from './cpu-time.js';
import type { LoadRunner, Run } from './load-runner.js';
import { median, spreadOf, type Spread } from './statistics.js';

/** One of the programs that are compared. */
export interface Subject {
  readonly name: string;
  readonly pids: readonly number[];
  readonly job: Omit<LoadJob, 'connections' | 'warmupMs' | 'measureMs'>;
}

/** The figures of one subject under one mix with so many connections. */
export interface Figures {
  readonly subject: string;
  readonly connections: number;
  /** Of the median pass. */
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Over all slices, microseconds of processor time. */
  readonly cpu: Spread;
  /** Resident memory of the measured processes before the first and after the last slice, bytes. */
  readonly memory: { readonly start: number; readonly end: number };
  readonly requests: number;
  readonly errors: number;
  readonly firstError: string | null;
  readonly slices: readonly Run[];
}

/** Connecting again after a change of subject must not count. */
const settleMs = ({ short }: Options): number => (short ? 100 : 300);

/**
 * Measures several subjects in turns, slice by slice (A B A B …), so that what the machine does meanwhile hits all of
 * them alike.
 */
export async function interleave(
  runner: LoadRunner,
  subjects: readonly Subject[],
  connections: number,
  options: Options,
): Promise<Figures[]> {
  const perPass = Math.max(1, Math.round(options.passMs / options.sliceMs));
  const slices = new Map<Subject, Run[]>(subjects.map((subject) => [subject, []]));
  const warmUps = new Map<Subject, Run>();
  for (const subject of subjects) {
    const job = { ...subject.job, connections, warmupMs: options.warmupMs, measureMs: 50 };
    warmUps.set(subject, await runner.run(job, subject.pids));
  }
  const memoryAtStart = subjects.map(({ pids }) => residentBytes(pids));
  for (let turn = 0; turn < options.passes * perPass; turn += 1) {
    // Every other turn backwards: nobody always runs after the same neighbour.
    for (const subject of turn % 2 === 0 ? subjects : subjects.toReversed()) {
      const job = { ...subject.job, connections, warmupMs: settleMs(options), measureMs: options.sliceMs };
      slices.get(subject)?.push(await runner.run(job, subject.pids));
    }
  }
  return subjects.map((subject, index) => {
    const figures = summarize(subject.name, connections, slices.get(subject) ?? [], perPass);
    const memory = { start: memoryAtStart[index] ?? Number.NaN, end: residentBytes(subject.pids) };
    const warmUp = warmUps.get(subject);
    // What is answered wrongly while it warms up is wrong, too.
    return {
      ...figures,
      memory,
      errors: figures.errors + (warmUp?.errors ?? 0),
      firstError: warmUp?.firstError ?? figures.firstError,
    };
  });
}

function summarize(
  subject: string,
  connections: number,
  slices: readonly Run[],
  perPass: number,
): Omit<Figures, 'memory'> {
  const passes: Run[][] = [];
  for (let start = 0; start < slices.length; start += perPass) passes.push(slices.slice(start, start + perPass));
  const rate = (runs: readonly Run[]) => sum(runs, 'requests') / sum(runs, 'seconds');
  const ordered = passes.toSorted((a, b) => rate(a) - rate(b));
  const middle = ordered[Math.floor(ordered.length / 2)] ?? [];
  return {
    subject,
    connections,
    requestsPerSecond: rate(middle),
    p50: median(middle.map(({ p50 }) => p50)),
    p95: median(middle.map(({ p95 }) => p95)),
    p99: median(middle.map(({ p99 }) => p99)),
    cpu: spreadOf(slices.map(({ cpuPerRequest }) => cpuPerRequest)),
    requests: sum(slices, 'requests'),
    errors: sum(slices, 'errors'),
    firstError: slices.find(({ firstError }) => firstError !== null)?.firstError ?? null,
    slices,
  };
}

const sum = (runs: readonly Run[], field: 'requests' | 'seconds' | 'errors'): number =>
  runs.reduce((total, run) => total + run[field], 0);

/** The ratio of two subjects, slice by slice. */
export function ratioOf(above: Figures, below: Figures, value: (run: Run) => number): Spread {
  return spreadOf(
    above.slices.map((run, index) => {
      const other = below.slices[index];
      return other === undefined ? Number.NaN : value(run) / value(other);
    }),
  );
}
