import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildUpstreamRequest,
  createStdioConnection,
  createUpstreamConnection,
  fetchCatalog,
  openLink,
  StdioChildren,
  type JsonObject,
  type ServerMessages,
  type UpstreamConnection,
  type UpstreamLink,
} from '#mcp';
import { createAddressGuard, createUpstreamPools } from '#outbound';
import { freePort, startOwnedProcess } from '#testing';
import { projectRoot } from '../project-files.js';

// The reference server of the Model Context Protocol in its three modes, reached by links as the gateway uses them.

const program = path.join(projectRoot, 'node_modules/.bin/mcp-server-everything');
const loopback = path.join(projectRoot, 'dist/apps/cli/src/demo/listen-on-loopback.js');
const clientInfo = { name: 'gatehouse', version: '0.1.0' };
const pools = createUpstreamPools({
  guard: createAddressGuard(['127.0.0.1']),
  connectTimeoutMs: 2000,
  connections: 8,
});
const children = new StdioChildren({ maxPerUpstream: 4, idleMs: 60_000, killGraceMs: 1000, stderrBytes: 1000 });
const closers: (() => Promise<unknown>)[] = [() => pools.close(), () => children.close()];
afterAll(() => Promise.all(closers.map((close) => close())));

const common = { name: 'everything', clientInfo, timeoutMs: 20_000, maxBytes: 16 * 1024 ** 2 };

async function overHttp(mode: 'sse' | 'streamableHttp', at: string): Promise<UpstreamConnection> {
  const port = await freePort();
  const server = await startOwnedProcess(process.execPath, ['--import', loopback, program, mode], {
    ready: `on port ${port}`,
    spawn: { env: { PATH: process.env['PATH'], PORT: String(port) } },
  });
  closers.push(() => server.stop('SIGKILL'));
  return createUpstreamConnection({ ...common, url: `http://127.0.0.1:${port}${at}`, pools });
}

const overStdio = async (): Promise<UpstreamConnection> => {
  const command = { command: process.execPath, args: [program, 'stdio'], env: {}, cwd: null };
  return createStdioConnection({
    ...common,
    key: 'everything',
    command: 'everything',
    commands: { everything: command },
    children,
  });
};

const modes = [
  ['streamable HTTP', 'STREAMABLE_HTTP', () => overHttp('streamableHttp', '/mcp')],
  ['HTTP+SSE', 'SSE', () => overHttp('sse', '/sse')],
  ['stdio', 'STDIO', overStdio],
] as const;

describe.each(modes)('the reference server over %s', (_name, transport, connect) => {
  let connection: UpstreamConnection;
  let link: UpstreamLink;
  /** Whatever comes: where calls share a connection, what names none goes to the one that happens to run. */
  const all: string[] = [];
  const answers: Record<string, string> = {
    'roots/list': '{"roots":[{"uri":"file:///somewhere","name":"Some root"}]}',
    'sampling/createMessage': '{"role":"assistant","model":"m","content":{"type":"text","text":"sampled here"}}',
    'elicitation/create': '{"action":"accept","content":{"name":"Zoë"}}',
  };
  const noting = (heard: string[]): ServerMessages => ({
    notification: ({ message }) => void (heard.push(message.method), all.push(message.method)),
    request: async ({ message }) => {
      heard.push(message.method);
      all.push(message.method);
      return { result: answers[message.method] ?? '{}' };
    },
  });

  beforeAll(async () => {
    connection = await connect();
    link = await openLink(connection, null, {
      client: { info: clientInfo, capabilities: { roots: { listChanged: true }, sampling: {}, elicitation: {} } },
      unsolicited: noting([]),
    });
    link.listen();
  });
  afterAll(() => link.close());

  async function call(method: string, params: JsonObject, heard: string[] = []): Promise<string> {
    const id = link.nextId();
    const message = {
      jsonrpc: '2.0' as const,
      id: 'mine',
      method,
      params: { ...params, _meta: { progressToken: id ?? 'mine' } },
    };
    const text = JSON.stringify(message);
    const received = { bytes: Buffer.from(text), text, message, headers: {} };
    const client = { info: clientInfo, capabilities: {} };
    const built = buildUpstreamRequest({
      ...{
        clientEra: 'LEGACY' as const,
        peer: link.identity,
        received,
        originalName: null,
        id,
        client,
        paramHeaders: [],
      },
    });
    const reply = await link.call({ ...built, id: id ?? 'mine', method, messages: noting(heard) });
    if (reply.kind !== 'response') throw new Error(reply.kind);
    return JSON.stringify(reply.message.result ?? reply.message.error);
  }
  const tool = (name: string, args: JsonObject = {}, heard?: string[]) =>
    call('tools/call', { name, arguments: args }, heard);

  it('[LNK-13] is found on its transport, and its catalogue is read', async () => {
    expect(link.identity).toMatchObject({ era: 'LEGACY', transport, serverInfo: { name: 'mcp-servers/everything' } });
    expect(JSON.parse(link.initializeResult ?? '')).toMatchObject({ serverInfo: { name: 'mcp-servers/everything' } });
    const limits = { maxPages: 10, maxObjects: 500, maxDefinition: 100_000, maxSize: 10_000_000 };
    const catalog = await fetchCatalog(connection, link, limits);
    expect(catalog.tools.map(({ key }) => key)).toEqual(expect.arrayContaining(['echo', 'get-sum']));
    expect(catalog.warnings).toEqual([]);
  });

  it('[LNK-1] carries calls, and progress of its call only', async () => {
    await expect(tool('echo', { message: 'grüezi' })).resolves.toContain('Echo: grüezi');
    const one: string[] = [];
    const two: string[] = [];
    const both = await Promise.all([
      tool('trigger-long-running-operation', { duration: 0.3, steps: 3 }, one),
      tool('trigger-long-running-operation', { duration: 0.2, steps: 2 }, two),
    ]);
    expect(both.every((text) => text.includes('completed'))).toBe(true);
    const progress = (heard: readonly string[]) => heard.filter((method) => method === 'notifications/progress').length;
    expect([one, two].map(progress)).toEqual([3, 2]);
  });

  it('[LNK-1] carries sampling and elicitation to the call that they belong to', async () => {
    // The server learns of a capability when the handshake has ended, and offers these tools from then on.
    await expect.poll(() => call('tools/list', {})).toContain('trigger-elicitation-request');
    const heard: string[] = [];
    await expect(tool('trigger-sampling-request', { prompt: 'hi' }, heard)).resolves.toContain('sampled here');
    await expect(tool('trigger-elicitation-request', {}, heard)).resolves.toContain('Zoë');
    expect(heard.filter((method) => /sampling|elicitation/.test(method))).toEqual([
      'sampling/createMessage',
      'elicitation/create',
    ]);
  });

  it('[LNK-1] carries roots and logging, which belong to no call', async () => {
    await expect.poll(() => all, { timeout: 10_000 }).toContain('roots/list');
    await expect(tool('get-roots-list')).resolves.toContain('file:///somewhere');
    await call('logging/setLevel', { level: 'debug' });
    await tool('toggle-simulated-logging');
    await expect.poll(() => all, { timeout: 20_000 }).toContain('notifications/message');
    await tool('toggle-simulated-logging');
  });

  it('[LNK-10] leaves nothing behind', async () => {
    await link.close();
    await expect(tool('echo', { message: 'late' })).rejects.toThrow(/session-ended|closed the event stream|has ended/);
    expect(children.size).toBe(0);
  });
});
