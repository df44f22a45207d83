import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { readChecks, type Check } from './checks.js';
import type { ClientSuite, ServerSuite } from './suites.js';

const here = import.meta.dirname;
const clientProgram = path.join(here, 'client/main.ts');

/** What one run of a referee came to. */
export interface RefereeRun {
  readonly checks: readonly Check[];
  /** 0 when everything required passed. */
  readonly exitCode: number | null;
  readonly output: string;
  readonly ms: number;
}

/** A server that wants a bearer token. */
export interface Target {
  readonly url: string;
  readonly token?: string;
}

/** Runs a referee against a server. */
export async function runServerSuite(suite: ServerSuite, { url, token }: Target): Promise<RefereeRun> {
  const args = ['server', '--url', url, ...suite.args, '--expected-failures', path.join(here, 'expected-failures.yml')];
  const bearer = {
    NODE_OPTIONS: `--import=${pathToFileURL(path.join(here, 'bearer.mjs')).href}`,
    CONFORMANCE_BEARER: token,
    CONFORMANCE_ORIGIN: new URL(url).origin,
  };
  return recorded(suite.referee, args, token === undefined ? {} : bearer);
}

/** Runs one scenario of a referee against Gatehouse as a client. */
export function runClientScenario(suite: ClientSuite, scenario: string): Promise<RefereeRun> {
  const command = `${process.execPath} ${clientProgram}`;
  return recorded(suite.referee, ['client', '--command', command, '--scenario', scenario, ...suite.args]);
}

/** The names of all scenarios of a referee for clients. */
export async function listClientScenarios(suite: ClientSuite): Promise<string[]> {
  const { output } = await run(suite.referee, ['list', '--client', ...suite.args]);
  return [...output.matchAll(/^ {2}- (\S+)/gm)].map((match) => match[1] ?? '');
}

async function recorded(
  referee: ServerSuite['referee'],
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<RefereeRun> {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-conformance-'));
  try {
    const ended = await run(referee, [...args, '-o', folder], env);
    return { ...ended, checks: readChecks(folder) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the program of a referee to its end, without the options of the test runner. */
function run(
  referee: ServerSuite['referee'],
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Omit<RefereeRun, 'checks'>> {
  const program = path.join(here, '../../node_modules', referee, 'dist/index.js');
  const began = performance.now();
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output, ms: performance.now() - began }));
  });
}
