import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { Verdicts } from './checks.js';

const file = path.join(import.meta.dirname, 'baseline.json');

/** What every run must come to: the verdicts of each suite, and the scenarios that are not run, with the reason. */
export interface Baseline {
  /** By name of the suite. The fixture alone and the fixture behind Gatehouse must both come to this. */
  readonly server: Readonly<Record<string, Verdicts>>;
  /** By name of the suite: Gatehouse as a client of the referee's servers. */
  readonly client: Readonly<Record<string, ClientBaseline>>;
}

/** What one suite for clients must come to. */
export interface ClientBaseline {
  readonly verdicts: Verdicts;
  /** Scenarios that are not run, by reason. */
  readonly notApplicable: Readonly<Record<string, readonly string[]>>;
}

/** The committed baseline. */
export const readBaseline = (): Baseline => JSON.parse(readFileSync(file, 'utf8')) as Baseline;

/** Replaces the committed baseline; the difference is for the reviewer. */
export async function writeBaseline(baseline: Baseline): Promise<void> {
  const options = await resolveConfig(file);
  writeFileSync(file, await format(JSON.stringify(baseline), { ...options, parser: 'json' }));
}
