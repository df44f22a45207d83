import type { Check } from './checks.js';
import { listClientScenarios, runClientScenario, type RefereeRun } from './run-referee.js';
import { reasonAgainst, type ClientSuite } from './suites.js';

/** A run of all applicable scenarios of a suite for clients. */
export interface ClientSuiteRun {
  /** Its output is that of the scenarios that failed. */
  readonly run: RefereeRun;
  /** The scenarios that were left out, by reason. */
  readonly notApplicable: Readonly<Record<string, readonly string[]>>;
}

/** Scenarios that measure times, and would measure the others with them. */
const aloneOnly = new Set(['sse-retry']);

/** Two scenarios at a time; a suite of the referees would start all clients at once. */
export async function runClientSuite(suite: ClientSuite): Promise<ClientSuiteRun> {
  const began = performance.now();
  const notApplicable: Record<string, string[]> = {};
  const applicable: string[] = [];
  for (const scenario of await listClientScenarios(suite)) {
    const reason = reasonAgainst(scenario);
    if (reason === null) applicable.push(scenario);
    else (notApplicable[reason] ??= []).push(scenario);
  }
  const checks: Check[] = [];
  let output = '';
  let exitCode: number | null = 0;
  const runAll = async (queue: string[]): Promise<void> => {
    for (let scenario = queue.shift(); scenario !== undefined; scenario = queue.shift()) {
      const run = await runClientScenario(suite, scenario);
      checks.push(...run.checks);
      if (run.exitCode !== 0) output += `--- ${scenario}\n${run.output}`;
      exitCode ||= run.exitCode;
    }
  };
  await runAll(applicable.filter((scenario) => aloneOnly.has(scenario)));
  const queue = applicable.filter((scenario) => !aloneOnly.has(scenario));
  await Promise.all([runAll(queue), runAll(queue)]);
  return { run: { checks, output, exitCode, ms: performance.now() - began }, notApplicable };
}
