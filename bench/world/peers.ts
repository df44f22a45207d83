import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '#testing';
import { conversationOf, Requests } from '../load/conversations.js';
import { HttpConnection } from '../load/http-connection.js';
import type { LoadJob } from '../load/load-job.js';
import { SseConnection } from '../load/sse-connection.js';
import { cores, pinnedCommand, startCommand } from '../measure/processes.js';

const folder = path.resolve('bench/peers/node_modules');
/** A peer that does not serve by then never will. */
const startDeadlineMs = 60_000;

/** The stdio upstream as a command line, the same for peers and gateway: beside the measured process, not on its core. */
export const stdioUpstream = (tools: number): string[] =>
  pinnedCommand(
    cores.rest,
    process.execPath,
    ...['--import', path.resolve('bench/run-typescript.mjs')],
    ...[path.resolve('bench/programs/stdio-upstream.ts'), '--tools', String(tools)],
  );

/** What a peer stands before. */
export interface PeerUpstreams {
  /** In all upstreams together. */
  readonly tools: number;
  /** Addresses by the name that prefixes their tools; empty for the stdio upstream. */
  readonly urls: ReadonlyMap<string, string>;
}

/** A program from npm that does a part of what the gateway does. */
export interface Peer {
  readonly name: string;
  readonly upstream: 'stdio' | 'http';
  /** The transport HTTP+SSE of 2024-11-05 is all that it speaks. */
  readonly sse?: boolean;
  /** Its program below bench/peers/node_modules. */
  readonly program: string;
  /** What it cannot do, or does in another way; told with the result. */
  readonly limits: string;
  /** @param scratch a folder for its files */
  arguments(port: number, upstreams: PeerUpstreams, scratch: string): string[];
}

const shellQuoted = (words: readonly string[]): string =>
  words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');

/** All that are compared, with sessions and otherwise with their default options. */
export const peers: readonly Peer[] = [
  {
    name: 'mcp-proxy',
    upstream: 'stdio',
    program: 'mcp-proxy/dist/bin/mcp-proxy.mjs',
    limits: 'one stdio program, so no list over 10 upstreams; asks it for every list',
    arguments: (port, { tools }) => ['--port', String(port), '--server', 'stream', '--', ...stdioUpstream(tools)],
  },
  {
    name: 'supergateway',
    upstream: 'stdio',
    program: 'supergateway/dist/index.js',
    limits: 'one stdio program, started once per session, so no list over 10 upstreams; asks it for every list',
    arguments: (port, { tools }) => [
      ...['--port', String(port), '--outputTransport', 'streamableHttp', '--stateful', '--logLevel', 'none'],
      ...['--stdio', shellQuoted(stdioUpstream(tools))],
    ],
  },
  {
    name: 'mcp-hub',
    upstream: 'http',
    sse: true,
    program: 'mcp-hub/dist/cli.js',
    limits: 'answers lists from its own memory; HTTP+SSE to its clients, where the gateway speaks streamable HTTP',
    arguments: (port, { urls }, scratch) => {
      const file = path.join(scratch, 'servers.json');
      const mcpServers = Object.fromEntries([...urls].map(([name, url]) => [name, { url }]));
      writeFileSync(file, JSON.stringify({ mcpServers }));
      return ['--port', String(port), '--config', file];
    },
  },
];

/** Whether `npm ci --prefix bench/peers` was done. */
export const isInstalled = ({ program }: Peer): boolean => existsSync(path.join(folder, program));

/** A peer that serves. */
export interface RunningPeer {
  readonly url: string;
  /** Of the process itself, without the stdio upstreams that it started. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** Begins a session and lists once. @returns what is wrong; null when all tools are there */
async function tryList(url: string, sse: boolean, tools: number): Promise<string | null> {
  const job: LoadJob = {
    ...{ url, sse, tools, token: null, kind: 'session-list', era: 'legacy', tool: '', size: 0 },
    ...{ connections: 1, warmupMs: 0, measureMs: 0 },
  };
  const connection = sse ? new SseConnection(url) : new HttpConnection(Number(new URL(url).port));
  const { next, end } = conversationOf(job, new Requests(job));
  const request = (bytes: string) =>
    Promise.race([
      connection.request(bytes),
      delay(5000, null, { ref: false }).then(() => Promise.reject(new Error('no answer in 5 s'))),
    ]);
  try {
    for (let step = 0; step < 3; step += 1) {
      const { bytes, check } = next();
      const problem = check(await request(bytes));
      if (problem !== null) return problem;
    }
    return null;
  } catch (error) {
    return String(error);
  } finally {
    const ending = end();
    if (ending !== null) await request(ending).catch(() => undefined);
    connection.close();
  }
}

/** Starts a peer and waits until it lists all tools of its upstreams; listening is not yet being connected to them. */
export async function startPeer(peer: Peer, upstreams: PeerUpstreams): Promise<RunningPeer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/mcp`;
  const scratch = mkdtempSync(path.join(tmpdir(), 'gatehouse-bench-peer-'));
  const args = [path.join(folder, peer.program), ...peer.arguments(port, upstreams, scratch)];
  const clean = () => rmSync(scratch, { recursive: true, force: true });
  const serves = async (): Promise<void> => {
    for (const deadline = Date.now() + startDeadlineMs; ; await delay(200)) {
      const problem = await tryList(url, peer.sse === true, upstreams.tools);
      if (problem === null) return;
      if (Date.now() > deadline) throw new Error(`${peer.name} does not serve: ${problem}`);
    }
  };
  try {
    const { pid, stop } = await startCommand(process.execPath, args, serves);
    return { url, pid, stop: () => stop().finally(clean) };
  } catch (error) {
    clean();
    throw error;
  }
}
