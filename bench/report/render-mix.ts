import type { Figures } from '../measure/interleave.js';
import type { MixResult, Ratio } from '../mixes/mix.js';

const columns = [
  ...['program', 'conn.', 'requests/s', 'p50 ms', 'p95 ms', 'p99 ms', 'added p50 / p95 / p99'],
  ...['CPU µs/request (quartiles)', 'memory MiB', 'errors'],
];

const ms = (micros: number): string => (micros / 1000).toFixed(micros < 10_000 ? 3 : 1);
const us = (micros: number): string => (Number.isNaN(micros) ? '–' : micros.toFixed(micros < 100 ? 1 : 0));

const mib = (bytes: number): string => (Number.isNaN(bytes) ? '–' : (bytes / 1024 ** 2).toFixed(0));

/** What a way adds to the matched direct run; nothing where there is none. */
function added(one: Figures, direct: Figures | undefined): string {
  if (direct === undefined || direct === one) return '';
  return [one.p50 - direct.p50, one.p95 - direct.p95, one.p99 - direct.p99].map(ms).join(' / ');
}

function cells(one: Figures, all: readonly Figures[]): string[] {
  const { cpu, memory } = one;
  const before = all.slice(0, all.indexOf(one) + 1);
  const direct = before.findLast(
    ({ subject, connections }) => subject.startsWith('direct') && connections === one.connections,
  );
  return [
    one.subject,
    String(one.connections),
    one.requestsPerSecond.toFixed(0),
    ...[one.p50, one.p95, one.p99].map(ms),
    added(one, direct),
    Number.isNaN(cpu.median) ? '–' : `${us(cpu.median)} (${us(cpu.q1)}–${us(cpu.q3)})`,
    `${mib(memory.start)} → ${mib(memory.end)}`,
    String(one.errors),
  ];
}

/** Aligned columns, the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .join('\n');
}

/** One ratio as a line: the median, the middle half of all slices, and what it should be. */
function renderRatio({ name, value, goal, unit }: Ratio, judged: boolean): string {
  const digits = unit === 'KB' ? 1 : 2;
  const shown = `${value.median.toFixed(digits)}${unit === 'KB' ? ' KB' : ' ×'}`;
  const spread =
    value.count > 1 ? ` (${value.q1.toFixed(digits)}–${value.q3.toFixed(digits)}, ${value.count} slices)` : '';
  if (goal === null || !judged) return `${name}: ${shown}${spread}`;
  const kept = 'atMost' in goal ? value.median <= goal.atMost : value.median >= goal.atLeast;
  const wanted = 'atMost' in goal ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
  return `${name}: ${shown}${spread}   goal ${wanted}: ${kept ? 'reached' : 'MISSED'}`;
}

/**
 * The result of one mix as text.
 * @param judged whether the run was long enough to be held against the goals
 */
export function renderMix({ mix, title, figures, ratios, notes }: MixResult, judged: boolean): string {
  const rows = figures.length === 0 ? [] : [table([columns, ...figures.map((one) => cells(one, figures))])];
  const wrong = figures
    .filter(({ errors }) => errors > 0)
    .map(({ subject, errors, firstError }) => `WRONG: ${subject}: ${errors} answers, the first: ${firstError}`);
  return [
    '',
    `── ${mix}: ${title}`,
    ...rows,
    ...ratios.map((ratio) => renderRatio(ratio, judged)),
    ...notes,
    ...wrong,
    '',
  ].join('\n');
}
