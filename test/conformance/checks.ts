import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The verdict of a referee on one check. `INFO` lines of its log are not verdicts. */
export type Status = 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED';

/** One check of one scenario; the same id may occur several times in a scenario. */
export interface Check {
  readonly scenario: string;
  readonly id: string;
  readonly status: Status;
  /** Why it failed; not compared. */
  readonly message?: string;
}

/** Checks by scenario as sorted `id: STATUS` lines, the form in which a baseline is kept. */
export type Verdicts = Readonly<Record<string, readonly string[]>>;

/** Reads what a referee wrote with `-o`: one folder for each scenario, named with its mode and the time of the run. */
export function readChecks(folder: string): Check[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => path.basename(file) === 'checks.json')
    .flatMap((file) => {
      const scenario = path
        .dirname(file)
        .replace(/^server-/, '')
        .replace(/-\d{4}-\d{2}-\d{2}T[\dZ-]+$/, '');
      const entries = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as {
        id: string;
        status: Status | 'INFO';
        errorMessage?: string;
      }[];
      return entries.flatMap(({ id, status, errorMessage }) =>
        status === 'INFO' ? [] : [{ scenario, id, status, message: errorMessage }],
      );
    });
}

/** The comparable form of checks. */
export function verdictsOf(checks: readonly Check[]): Verdicts {
  const byScenario: Record<string, string[]> = {};
  for (const { scenario, id, status } of checks) (byScenario[scenario] ??= []).push(`${id}: ${status}`);
  const sorted = Object.entries(byScenario).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([scenario, lines]) => [scenario, lines.sort()]));
}

/** How many checks passed and failed. */
export const totals = (checks: readonly Check[]) => ({
  passed: checks.filter(({ status }) => status === 'SUCCESS').length,
  failed: checks.filter(({ status }) => status === 'FAILURE').length,
});

/** What differs between two runs, a line for each check that only one of them has. */
export function differences(expected: Verdicts, actual: Verdicts): string[] {
  const lines: string[] = [];
  for (const scenario of [...new Set([...Object.keys(expected), ...Object.keys(actual)])].sort()) {
    const [before = [], now = []] = [expected[scenario], actual[scenario]];
    for (const line of subtract(before, now)) lines.push(`${scenario}: expected ${line}`);
    for (const line of subtract(now, before)) lines.push(`${scenario}: got ${line}`);
  }
  return lines;
}

/** The lines of `from` without those of `what`, each counted. */
function subtract(from: readonly string[], what: readonly string[]): string[] {
  const left = [...what];
  return from.filter((line) => {
    const index = left.indexOf(line);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}
