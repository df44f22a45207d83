// npm run bench: what the gateway costs, in ratios. See bench/README.md and `npm run bench -- --help`.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { mixes } from './mixes/all-mixes.js';
import { threeWays } from './mixes/calls.js';
import { focus, type Bench, type MixResult } from './mixes/mix.js';
import { LoadRunner } from './measure/load-runner.js';
import { askProbe } from './measure/ask-probe.js';
import { cores, startProgram } from './measure/processes.js';
import { readOptions, usage, type Options } from './options.js';
import { summarizeProfile } from './profile.js';
import { compareResults } from './report/compare-results.js';
import { machine } from './report/machine.js';
import { renderMix } from './report/render-mix.js';
import type { BenchResult } from './report/bench-result.js';
import { openWorld } from './world/open-world.js';

const print = (text: string): unknown => process.stdout.write(`${text}\n`);

/** Records the gateway, and the bare forwarder for comparison, under mix A: what is their time spent on? */
async function profile(bench: Bench, file: string): Promise<void> {
  const { forwarder, gateway, options, runner } = bench;
  const [, forward, through] = threeWays(bench, 64);
  const recorded = [
    { subject: forward, server: forwarder, to: file.replace(/(\.cpuprofile)?$/, '-bare.cpuprofile') },
    { subject: through, server: gateway, to: file },
  ];
  for (const { subject, server, to } of recorded) {
    const job = { ...subject.job, connections: focus(options), warmupMs: 100 };
    await runner.run({ ...job, warmupMs: options.warmupMs, measureMs: 100 }, subject.pids);
    await server.ask('profile-start');
    const { requests, cpuPerRequest } = await runner.run({ ...job, measureMs: options.passMs }, subject.pids);
    await server.ask('profile-stop', path.resolve(to));
    print(
      `\nprofile of ${subject.name} under mix A (${to}); ${cpuPerRequest.toFixed(1)} µs CPU, all threads, while profiled`,
    );
    print(summarizeProfile(to, requests));
  }
}

async function measure(options: Options): Promise<MixResult[]> {
  await using stack = new AsyncDisposableStack();
  print('starting PostgreSQL, upstreams and the gateway …');
  const world = await openWorld();
  stack.defer(() => world.close());
  const runner = await LoadRunner.start();
  stack.defer(() => runner.stop());
  const forwarder = await startProgram('forwarder', ['--to', new URL(world.plain.url).origin], cores.measured);
  stack.defer(() => forwarder.stop());
  const gateway = await world.startGateway({ preload: ['probe.mjs'] });
  stack.defer(() => gateway.stop());
  const bench: Bench = {
    ...{ options, world, runner, gateway },
    forwarder: {
      url: `http://127.0.0.1:${forwarder.port}/mcp`,
      pids: [forwarder.pid],
      ask: (probe, file) => askProbe(forwarder.child, probe, file),
    },
    say: (text) => void print(`… ${text}`),
  };
  if (options.profile !== null) await profile(bench, options.profile);
  const results: MixResult[] = [];
  for (const name of options.mixes) {
    bench.say(`mix ${name}`);
    const result = await mixes[name](bench);
    results.push(result);
    print(renderMix(result, !options.short));
  }
  return results;
}

function write(options: Options, results: readonly MixResult[]): void {
  const at = new Date().toISOString();
  const file = options.out ?? path.join('bench/results', `${at.replaceAll(':', '-').slice(0, 19)}.json`);
  mkdirSync(path.dirname(file), { recursive: true });
  const { out: _out, profile: _profile, ...settings } = options;
  const result: BenchResult = { at, machine: machine(), options: settings, results };
  // The single slices are many; their medians and quartiles say what they have to say.
  const short = JSON.stringify(result, (key, value: unknown) => (key === 'slices' ? undefined : value), 1);
  writeFileSync(file, `${short}\n`);
  print(`written to ${file}`);
}

/** Runs what the command line asks for. @returns the exit code: 1 when a request was answered wrongly, 2 for bad usage */
async function run(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    print(usage);
    return 0;
  }
  if (args[0] === 'compare') {
    print(compareResults(args[1] ?? '', args[2] ?? ''));
    return 0;
  }
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  const results = await measure(options);
  write(options, results);
  const broken = results.filter(({ errors }) => errors > 0);
  for (const { mix, errors } of broken) print(`BROKEN: mix ${mix}: ${errors} wrong answers`);
  return broken.length > 0 ? 1 : 0;
}

run(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
