import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { readBaseline } from './baseline.js';
import { differences, totals, verdictsOf } from './checks.js';
import { startConformanceFixture, type ConformanceFixture } from './fixture/start-conformance-fixture.js';
import { runClientSuite } from './run-client-suite.js';
import { runServerSuite, type RefereeRun } from './run-referee.js';
import { startGatehouseWithFixture, type GatehouseWithFixture } from './start-gatehouse-with-fixture.js';
import { clientSuites, serverSuites } from './suites.js';

const baseline = readBaseline();

/** What the reference server of the TypeScript SDK comes to: nobody may be worse. */
const leastPassed: Readonly<Record<string, number>> = {
  '0.1.16 all': 44,
  '0.2.0-alpha.12 2025-11-25': 84,
  '0.2.0-alpha.12 2026-07-28': 164,
};

/** A run as its difference from the committed one, with the reasons of failures. */
const outcome = (run: RefereeRun, expected: Parameters<typeof differences>[0] | undefined) => ({
  different: differences(expected ?? {}, verdictsOf(run.checks)),
  failures: run.checks
    .filter(({ status }) => status === 'FAILURE')
    .map(({ scenario, id, message }) => `${scenario} ${id}: ${message ?? ''}`),
  exitCode: run.exitCode,
});
const asCommitted = { different: [], failures: [], exitCode: 0 };

describe('as a server', () => {
  let fixture: ConformanceFixture;
  let world: GatehouseWithFixture;

  beforeAll(async () => {
    [fixture, world] = await Promise.all([startConformanceFixture(), startGatehouseWithFixture(inject('pgUrl'))]);
  });
  afterAll(async () => {
    await fixture[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  // Referees wait more than they work, so they run side by side.
  it.concurrent.each(serverSuites)('$name: the fixture alone comes to what is committed [CNF-1]', async (suite) => {
    const run = await runServerSuite(suite, fixture);
    expect(outcome(run, baseline.server[suite.name])).toEqual(asCommitted);
  });

  it.concurrent.each(serverSuites)('$name: every check comes out the same through Gatehouse [CNF-2]', async (suite) => {
    const run = await runServerSuite(suite, world.target(suite.era));
    expect(outcome(run, baseline.server[suite.name])).toEqual(asCommitted);
    expect(totals(run.checks).passed).toBeGreaterThanOrEqual(leastPassed[suite.name] ?? Number.NaN);
  });

  it.concurrent.each(serverSuites.filter(({ era }) => era === 'legacy'))(
    '$name: the same through one address at which the upstream speaks both eras [CNF-5]',
    async (suite) => {
      const run = await runServerSuite(suite, world.target('modern'));
      expect(outcome(run, baseline.server[suite.name])).toEqual(asCommitted);
    },
  );
});

describe('as a client', () => {
  it.each(clientSuites)('$name: the upstream connector passes all that applies to it [CNF-3]', async (suite) => {
    const { run, notApplicable } = await runClientSuite(suite);
    const expected = baseline.client[suite.name];
    expect(outcome(run, expected?.verdicts)).toEqual(asCommitted);
    expect(notApplicable).toEqual(expected?.notApplicable);
  });
});

it('expects no scenario to fail [CNF-4]', () => {
  const expected = parse(readFileSync(path.join(import.meta.dirname, 'expected-failures.yml'), 'utf8')) as object;
  expect(expected).toEqual({ server: [], client: [] });
  const statuses = JSON.stringify(readBaseline());
  expect(statuses).not.toMatch(/: (FAILURE|WARNING)"/);
});
