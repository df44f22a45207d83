import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '#testing';
import { interleave, ratioOf, type Figures } from '../measure/interleave.js';
import { startCommand, type Program } from '../measure/processes.js';
import type { LoadJob } from '../load/load-job.js';
import { echo, focus, mixResult, type Bench, type MixResult, type Ratio } from './mix.js';

const folder = path.resolve('bench/peers/node_modules');
const stdioServer = [
  '--import',
  path.resolve('bench/run-typescript.mjs'),
  path.resolve('bench/programs/stdio-upstream.ts'),
];

/** A program from npm that does a part of what the gateway does. */
interface Peer {
  readonly name: string;
  /** Its program below bench/peers/node_modules. */
  readonly program: string;
  arguments(port: number, upstream: string): string[];
  readonly path: string;
  readonly job: Partial<LoadJob>;
}

function hubConfig(upstream: string): string {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'gatehouse-bench-hub-')), 'servers.json');
  writeFileSync(file, JSON.stringify({ mcpServers: { plain: { url: upstream } } }));
  return file;
}

const peers: readonly Peer[] = [
  {
    name: 'mcp-proxy (stdio upstream)',
    program: 'mcp-proxy/dist/bin/mcp-proxy.mjs',
    arguments: (port) => ['--port', String(port), '--server', 'stream', '--', process.execPath, ...stdioServer],
    path: '/mcp',
    job: { kind: 'session-call', tool: 'echo' },
  },
  {
    name: 'supergateway (stdio upstream)',
    program: 'supergateway/dist/index.js',
    arguments: (port) => [
      ...['--port', String(port), '--outputTransport', 'streamableHttp', '--stateful', '--logLevel', 'none'],
      ...['--stdio', [process.execPath, ...stdioServer].join(' ')],
    ],
    path: '/mcp',
    job: { kind: 'session-call', tool: 'echo' },
  },
  {
    name: 'mcp-hub (aggregator, HTTP upstream)',
    program: 'mcp-hub/dist/cli.js',
    arguments: (port, upstream) => ['--port', String(port), '--config', hubConfig(upstream)],
    path: '/mcp',
    job: { kind: 'session-call', tool: 'plain__echo', sse: true },
  },
];

/** Waits until somebody listens on the port; a peer that does not come up in a minute never will. */
async function untilOpen(url: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; ;) {
    try {
      await fetch(url, { method: 'DELETE', signal: AbortSignal.timeout(2000) });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(100);
    }
  }
}

async function start(peer: Peer, upstream: string): Promise<{ program: Omit<Program, 'port'>; url: string }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}${peer.path}`;
  const args = [path.join(folder, peer.program), ...peer.arguments(port, upstream)];
  // Listening is not yet being connected to its upstream.
  const program = await startCommand(process.execPath, args, () => untilOpen(url).then(() => delay(2000)));
  return { program, url };
}

/** The same calls through programs from npm, each against the gateway in turns: requests per second of processor time. */
export async function mixPeers(bench: Bench): Promise<MixResult> {
  const { gateway, options, runner, world } = bench;
  const figures: Figures[] = [];
  const ratios: Ratio[] = [];
  const notes: string[] = [];
  for (const peer of peers) {
    if (!existsSync(path.join(folder, peer.program))) {
      notes.push(`skipped: ${peer.name} is not installed (npm ci --prefix bench/peers)`);
      continue;
    }
    bench.say(peer.name);
    const { program, url } = await start(peer, world.plain.url);
    try {
      const [theirs, ours] = await interleave(
        runner,
        [
          // Not what it started: its upstream is not counted for the gateway either.
          { name: peer.name, pids: [program.pid], job: { ...echo(url, null, 'echo'), ...peer.job } },
          { name: 'gateway', pids: gateway.pids, job: echo(`${gateway.gateway}/mcp`, world.token, 'plain__echo') },
        ],
        focus(options),
        options,
      );
      if (!theirs || !ours) continue;
      figures.push(theirs, ours);
      ratios.push({
        name: `requests per CPU second, gateway ÷ ${peer.name}`,
        value: ratioOf(theirs, ours, ({ cpuPerRequest }) => cpuPerRequest),
        goal: { atLeast: 5 },
        unit: 'x',
      });
    } finally {
      await program.stop();
    }
  }
  // What a peer answers wrongly is no fault of the gateway.
  const wrong = figures.filter(({ subject, errors }) => subject !== 'gateway' && errors > 0);
  for (const { subject, errors, firstError } of wrong) notes.push(`${subject}: ${errors} wrong answers, ${firstError}`);
  const result = mixResult('peers', 'programs from npm, tools/call, 64 B', figures, ratios, notes);
  return {
    ...result,
    errors: figures.filter(({ subject }) => subject === 'gateway').reduce((sum, one) => sum + one.errors, 0),
  };
}
