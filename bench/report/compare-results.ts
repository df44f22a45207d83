import { readFileSync } from 'node:fs';
import type { BenchResult } from './bench-result.js';
import { table } from './render-mix.js';

const read = (file: string): BenchResult => JSON.parse(readFileSync(file, 'utf8')) as BenchResult;

const change = (before: number, after: number): string =>
  `${before.toFixed(2)} → ${after.toFixed(2)} (${after >= before ? '+' : ''}${((after / before - 1) * 100).toFixed(1)} %)`;

/**
 * Two results side by side. Ratios compare across machines and days; times and processor time compare only where the
 * machine is the same and idle.
 */
export function compareResults(before: string, after: string): string {
  const [first, second] = [read(before), read(after)];
  const lines = [`${before} (${first.at}) → ${after} (${second.at})`];
  if (JSON.stringify(first.machine) !== JSON.stringify(second.machine))
    lines.push('The machines differ: compare the ratios only.');
  for (const result of second.results) {
    const other = first.results.find(({ mix }) => mix === result.mix);
    if (!other) continue;
    const ratios = result.ratios.flatMap(({ name, value }) => {
      const same = other.ratios.find((ratio) => ratio.name === name);
      return same ? [[name, change(same.value.median, value.median)]] : [];
    });
    const figures = result.figures.flatMap((one) => {
      const same = other.figures.find((old) => old.subject === one.subject && old.connections === one.connections);
      if (!same) return [];
      const name = `${one.subject}, ${one.connections} connections`;
      return [
        [`${name}: requests/s`, change(same.requestsPerSecond, one.requestsPerSecond)],
        [`${name}: CPU µs/request`, change(same.cpu.median, one.cpu.median)],
        [`${name}: p99 ms`, change(same.p99 / 1000, one.p99 / 1000)],
      ];
    });
    lines.push('', `── ${result.mix}: ${result.title}`, table([...ratios, ...figures]));
  }
  return lines.join('\n');
}
