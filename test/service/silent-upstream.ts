import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventData, eventStream, startScriptedServer } from '#testing';
import { upstreamTarget } from './gateway-harness.js';

type Json = Record<string, unknown>;

/** What a silent upstream offers: nothing whose changes it would announce by itself. */
const modern = {
  era: 'MODERN',
  protocolVersion: '2026-07-28',
  capabilities: JSON.stringify({
    tools: {},
    resources: { subscribe: true },
    extensions: { 'io.modelcontextprotocol/tasks': {} },
  }),
} as const;

const acknowledgement = ({ id, params }: Json): Json => ({
  method: 'notifications/subscriptions/acknowledged',
  params: {
    notifications: (params as Json)['notifications'],
    _meta: { 'io.modelcontextprotocol/subscriptionId': id },
  },
});

/** A modern server over HTTP that opens a stream for whoever listens and, unless it `speaks`, never acknowledges that. */
export async function startSilentUpstream() {
  const open = new Set<ServerResponse>();
  const state = { speaks: false, asked: 0 };
  const server = await startScriptedServer(({ message, response }) => {
    if (message['method'] !== 'subscriptions/listen') {
      response.writeHead(405).end();
      return;
    }
    state.asked++;
    open.add(response);
    response.once('close', () => open.delete(response));
    eventStream(response, ': welcome\n\n');
    if (state.speaks) response.write(eventData(acknowledgement(message)));
  }, 'none');
  return {
    state,
    open: () => open.size,
    /** Says something on every stream. */
    say: (message: Json) => {
      for (const response of open) response.write(eventData(message));
    },
    streams: open,
    target: (slug: string, capabilities: string = modern.capabilities) =>
      upstreamTarget(slug, server.url, { ...modern, capabilities }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/**
 * Counts in a file who listens and has not given up. Acknowledges, and then tells of every task again and again in large
 * texts, where a task is named so.
 */
const program = `
const { renameSync, writeFileSync } = require('node:fs');
const listening = new Set();
let asked = 0;
const log = process.argv[2];
// It may be killed at any moment, and leaves no half of a note.
const note = () => {
  writeFileSync(log + '.new', JSON.stringify({ pid: process.pid, asked, open: listening.size }));
  renameSync(log + '.new', log);
};
const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
const flood = (id, taskIds) => {
  const _meta = { 'io.modelcontextprotocol/subscriptionId': id };
  send({ method: 'notifications/subscriptions/acknowledged', params: { notifications: { taskIds }, _meta } });
  const text = 'x'.repeat(500_000);
  const more = () => {
    if (!listening.has(id)) return;
    for (const taskId of taskIds)
      send({ method: 'notifications/tasks', params: { taskId, status: 'working', statusMessage: text, _meta } });
    setTimeout(more, 20);
  };
  more();
};
note();
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'subscriptions/listen') {
    asked++;
    listening.add(id);
    const { taskIds = [] } = params.notifications;
    if (taskIds.some((one) => one.startsWith('large'))) flood(id, taskIds);
  } else if (method === 'notifications/cancelled') listening.delete(params.requestId);
  else if (id !== undefined) send({ id, error: { code: -32601, message: 'no ' + method } });
  note();
});
`;

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The same as a process; `settings` makes it known to a gateway. */
export function silentProcess() {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-silent-'));
  const [script, commands, log] = ['server.cjs', 'commands.json', 'log.json'].map((name) => path.join(folder, name));
  if (script === undefined || commands === undefined || log === undefined) throw new TypeError('three names');
  writeFileSync(script, program);
  writeFileSync(commands, JSON.stringify({ silent: { command: process.execPath, args: [script, log] } }));
  const noted = (): { pid: number; asked: number; open: number } => {
    try {
      const last = JSON.parse(readFileSync(log, 'utf8')) as ReturnType<typeof noted>;
      return isAlive(last.pid) ? last : { ...last, open: 0 };
    } catch {
      // Not begun.
      return { pid: 0, asked: 0, open: -1 };
    }
  };
  return {
    settings: { GATEHOUSE_STDIO_COMMANDS: commands },
    noted,
    target: (slug: string) => upstreamTarget(slug, '', { ...modern, transport: 'STDIO', url: null, command: 'silent' }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
