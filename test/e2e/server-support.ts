// What the server-*.spec.ts files share: runs of the compiled server that may refuse, and looks at what it leaves behind.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { createPool } from '#postgres';
import {
  addUpstream,
  addVirtualServer,
  postMcp,
  serverProgram,
  signUpAdmin,
  until,
  type ControlPlaneClient,
  type Gatehouse,
  type McpAnswer,
} from '#testing';

/** How one run ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** A run that goes on. */
export interface Run {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  readonly ended: Promise<Ended>;
}

export const freePorts = {
  GATEHOUSE_CONTROL_PLANE_PORT: '0',
  GATEHOUSE_GATEWAY_PORT: '0',
  GATEHOUSE_WORKER_PORT: '0',
  GATEHOUSE_METRICS_PORT: '0',
};

/** Runs the server program with these arguments and settings, nothing else set. */
export function launch(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  user: { uid?: number; gid?: number } = {},
): Run {
  const began = performance.now();
  const child = spawn(process.execPath, [serverProgram, ...args], {
    ...user,
    env: { PATH: process.env['PATH'], ...freePorts, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (output.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (output.stderr += String(chunk)));
  const late = setTimeout(() => child.kill('SIGKILL'), 50_000);
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code, signal) => {
      clearTimeout(late);
      resolve({ code, signal, ...output, ms: performance.now() - began });
    }),
  );
  return { child, output, ended };
}

/** Runs the server program to its end. */
export const run = (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  user?: { uid?: number; gid?: number },
): Promise<Ended> => launch(args, env, user).ended;

/** Every process that works below the folder: the PostgreSQL programs of that data directory. */
export const processesIn = (dataDir: string): string[] =>
  readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`).startsWith(`${dataDir}/`);
    } catch {
      return false;
    }
  });

/** The status of a GET; 0 when nobody answers. */
export const statusOf = (url: string): Promise<number> =>
  fetch(url).then(
    (response) => response.status,
    () => 0,
  );

/** Takes a port of 127.0.0.1: accepts connections and never says a word. */
export async function occupyPort(): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    [Symbol.asyncDispose]: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

/** Passes everything on to the server of `url`, but lets it say one word where it says another of the same length. */
export async function startLyingProxy(
  url: string,
  from: string,
  to: string,
): Promise<{ url: string } & AsyncDisposable> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    for (const socket of [client, server]) sockets.add(socket.on('error', () => socket.destroy()));
    client.pipe(server);
    server.on('data', (data: Buffer) =>
      client.write(Buffer.from(data.toString('latin1').replaceAll(from, to), 'latin1')),
    );
    server.on('end', () => client.end());
  });
  await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  const told = new URL(url);
  told.port = String(typeof address === 'object' && address ? address.port : 0);
  told.searchParams.set('sslmode', 'disable');
  return {
    url: told.href,
    [Symbol.asyncDispose]: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => void proxy.close(() => resolve()));
    },
  };
}

/** One look at a database, by its superuser. */
export async function sql<R>(url: string, text: string, params: readonly unknown[] = []): Promise<R[]> {
  const pool = createPool({ url, max: 1, applicationName: 'gatehouse-test' });
  try {
    return await pool.query<R>(text, params);
  } finally {
    await pool.end();
  }
}

/** How many connections others have to the database of this URL. */
export async function connectionsTo(url: string): Promise<number> {
  const [row] = await sql<{ n: number }>(
    url,
    `select count(*)::int as n from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
  );
  return row?.n ?? -1;
}

/** The local addresses that the process and its children listen on by TCP, as `address:port` in hexadecimal. */
export function listeningSockets(pid: number): string[] {
  const inodes = new Set(familyOf(pid).flatMap(socketInodes));
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === '0A' && inodes.has(inode ?? ''))
      .map(([, local]) => local ?? ''),
  );
}

function familyOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(familyOf)];
}

function socketInodes(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1];
      return inode === undefined ? [] : [inode];
    } catch {
      return [];
    }
  });
}

/** One installation with an administrator, and a virtual server `mine` with the tools `echo` and `slow`. */
export interface Journey {
  readonly server: Gatehouse;
  readonly admin: ControlPlaneClient;
  readonly token: string;
  /** Calls a tool of `mine` at any gateway; `requestId` is what the audit record will carry. */
  call(tool: string, args: object, requestId?: string, gateway?: string): Promise<McpAnswer>;
}

/** Whether the answer is a result; unknown tools and failing upstreams are told with status 200, too. */
export const serves = ({ body }: McpAnswer): boolean => body?.result !== undefined;

/** Makes the journey's objects and waits until the gateway serves them. */
export async function beginJourney(server: Gatehouse, upstreamUrl: string): Promise<Journey> {
  const { admin, token } = await signUpAdmin(server);
  await addVirtualServer(admin, 'mine', await addUpstream(admin, 'fixture', upstreamUrl), ['echo', 'slow']);
  const call: Journey['call'] = (tool, args, requestId = randomUUID(), gateway = server.gateway) =>
    postMcp(
      `${gateway}/servers/mine/mcp`,
      token,
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: args } }),
      { 'mcp-protocol-version': '2025-11-25', 'x-request-id': requestId },
    );
  await until('the gateway knows the server', async () => serves(await call('echo', { text: 'x' })));
  return { server, admin, token, call };
}

/** Waits until every service of the process says that it is ready. */
export async function untilReady({ controlPlane, gateway, worker }: Gatehouse): Promise<void> {
  for (const url of [controlPlane, gateway, worker])
    await until(`${url}/readyz answers 200`, async () => (await statusOf(`${url}/readyz`)) === 200);
}

/** The audit records of tool calls: request id and outcome, oldest first. */
export const toolCallsIn = (url: string): Promise<{ id: string; outcome: string; reason: string | null }[]> =>
  sql(
    url,
    "select request_id as id, outcome, reason from audit_events where action = 'tools/call' order by occurred_at, id",
  );

/** What `verifyAudit` says. */
export async function auditProblems(admin: ControlPlaneClient): Promise<unknown> {
  const answer = await admin.send('{ verifyAudit { valid problems { message } } }');
  return answer.data ? answer.data['verifyAudit'] : answer.errors;
}
