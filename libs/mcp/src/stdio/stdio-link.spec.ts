import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openLink } from '../upstream/open-link.js';
import { probeUpstream } from '../upstream/probe-upstream.js';
import { createStdioConnection, type StdioConnection } from '../upstream/upstream-connection.js';
import type { LinkOptions, ServerMessages, UpstreamLink } from '../upstream/upstream-link.js';
import { LineSplitter } from './line-splitter.js';
import { StdioChildren, type StdioChildrenOptions } from './stdio-children.js';

type Json = Record<string, unknown>;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** What every child of these tests does: reads lines, answers `initialize`, hands the rest to `on(message, send)`. */
const prelude = `
const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
const hello = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'child', version: '1' } };
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line);
  if (message.method === 'initialize') send({ id: message.id, result: hello });
  else if (message.method === 'server/discover') discover(message);
  else on(message);
}).on('close', () => process.exit(0));
let discover = ({ id }) => send({ id, error: { code: -32601, message: 'no' } });
let on = () => undefined;
`;

function connect(script: string, more: Partial<StdioChildrenOptions & StdioConnection> = {}): StdioConnection {
  const children = new StdioChildren({
    maxPerUpstream: 4,
    idleMs: 60_000,
    killGraceMs: 500,
    stderrBytes: 100,
    ...more,
  });
  closers.push(() => children.close());
  const command = { command: process.execPath, args: ['-e', prelude + script], env: { DECLARED: 'yes' }, cwd: null };
  return createStdioConnection({
    name: 'local',
    key: 'upstream-1',
    command: 'fixture',
    commands: { fixture: command },
    children,
    clientInfo: { name: 'gatehouse', version: '0.1.0' },
    timeoutMs: 5000,
    maxBytes: 64 * 1024,
    ...(more.timeoutMs === undefined ? {} : { timeoutMs: more.timeoutMs }),
  });
}
const legacy = { era: 'LEGACY', protocolVersion: null } as const;
const open = (connection: StdioConnection, options: Partial<LinkOptions> = {}): Promise<UpstreamLink> =>
  openLink(connection, legacy, { client: { info: connection.clientInfo, capabilities: {} }, ...options });

function call(link: UpstreamLink, method: string, params: Json = {}, messages?: ServerMessages, signal?: AbortSignal) {
  const id = link.nextId() ?? 0;
  const sent = { ...params, _meta: { progressToken: id } };
  const body = JSON.stringify({ jsonrpc: '2.0', id, method, params: sent }, null, 2);
  return link.call({ id, method, body: Buffer.from(body), headers: {}, messages, signal });
}
const result = async (reply: ReturnType<typeof call>): Promise<unknown> => {
  const answer = await reply;
  return answer.kind === 'response' ? answer.message.result : answer.kind;
};
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // What nobody has waited for yet is dead all the same.
    return !existsSync('/proc/self') || existsSync(`/proc/${pid}/cwd`);
  } catch {
    return false;
  }
};

describe('a stdio upstream', () => {
  it('[LNK-9] runs only what the allow list has, without a shell, in a clean environment', async () => {
    process.env['GATEHOUSE_MASTER_KEY_OF_TEST'] = 'secret';
    closers.push(() => delete process.env['GATEHOUSE_MASTER_KEY_OF_TEST']);
    const connection = connect(
      `on = ({ id }) => send({ id, result: { env: process.env, argv: process.argv.slice(1) } });`,
    );
    const shellish = { ...connection.command, args: [...connection.command.args, '$(touch /tmp/x)', '; ls'] };
    const link = await open({ ...connection, command: shellish });
    const { env, argv } = (await result(call(link, 'tools/call'))) as { env: Json; argv: string[] };
    expect(argv).toEqual(['$(touch /tmp/x)', '; ls']);
    expect(env).toMatchObject({ DECLARED: 'yes', PATH: process.env['PATH'] });
    const allowed = new Set(['DECLARED', 'HOME', 'LANG', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER']);
    expect(Object.keys(env).filter((name) => !allowed.has(name))).toEqual([]);
    const { children, clientInfo, command } = connection;
    const rest = { name: 'local', key: '1', children, clientInfo, timeoutMs: 1, maxBytes: 1 };
    for (const name of ['other', 'toString', null])
      expect(() => createStdioConnection({ ...rest, command: name, commands: { fixture: command } })).toThrow(
        expect.objectContaining({
          code: 'UPSTREAM_COMMAND_NOT_ALLOWED',
          message: expect.stringContaining('GATEHOUSE_STDIO_COMMANDS'),
        }),
      );
  });

  it('sends each message on one line, keeps the bytes of answers, and finds calls by id and token', async () => {
    const connection = connect(`on = ({ id, params }) => {
      if (id === undefined) return;
      send({ method: 'notifications/progress', params: { progressToken: params._meta.progressToken, of: params.n } });
      if (params.n === 2) setTimeout(() => process.stdout.write('  {"jsonrpc":"2.0", "id":' + id + ',"result":{"n":1.0}}\\r\\n'), 20);
      else send({ id, result: { n: params.n } });
    };`);
    const link = await open(connection);
    const heard: unknown[] = [];
    const messages = (n: number): ServerMessages => ({
      notification: ({ message }) => void heard.push([n, message.params?.['of']]),
      request: async () => ({ result: '{}' }),
    });
    const calls = [1, 2, 3].map((n) => call(link, 'tools/call', { n }, messages(n)));
    const replies = await Promise.all(calls);
    expect(heard).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(replies.map((reply) => (reply.kind === 'response' ? reply.bytes?.toString() : null))).toEqual([
      '{"jsonrpc":"2.0","id":2,"result":{"n":1}}',
      '  {"jsonrpc":"2.0", "id":3,"result":{"n":1.0}}',
      '{"jsonrpc":"2.0","id":4,"result":{"n":3}}',
    ]);
    expect(JSON.parse(link.initializeResult ?? '')).toMatchObject({ serverInfo: { name: 'child' } });
  });

  it('[LNK-3] takes requests and notifications to the one call that runs, else to whoever listens', async () => {
    const connection = connect(`
      const answers = [];
      on = ({ id, method, result, error }) => {
        if (method === 'notifications/initialized') send({ id: 'early', method: 'roots/list' });
        else if (method === 'ask') { asked = id; send({ id: 1, method: 'sampling/createMessage' }); send({ id: 2, method: 'ping' });
          send({ method: 'notifications/message' }); send({ method: 'notifications/tools/list_changed' }); }
        else if (method === undefined) { answers.push(result ?? error.code); if (answers.length === 3) send({ id: asked, result: { answers } }); }
      };
      let asked;`);
    const heard: string[] = [];
    const noting = (name: string): ServerMessages => ({
      notification: ({ message }) => void heard.push(`${name} ${message.method}`),
      request: async ({ message }) => (heard.push(`${name} ${message.method}`), { result: '{"yes":1}' }),
    });
    const link = await open(connection, { unsolicited: noting('all') });
    await expect.poll(() => heard).toContain('all roots/list');
    const answers = (await result(call(link, 'ask', {}, noting('call')))) as { answers: unknown[] };
    expect(answers.answers).toHaveLength(3);
    expect(answers.answers).toEqual(expect.arrayContaining([{ yes: 1 }, {}]));
    expect(heard).toEqual([
      'all roots/list',
      'call sampling/createMessage',
      'call notifications/message',
      'all notifications/tools/list_changed',
    ]);
  });

  it('[LNK-13] probes the era, also of servers that cannot bear the question', async () => {
    const modern = `discover = ({ id }) => send({ id, result: { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, ttlMs: 0, cacheScope: 'private' } });`;
    const silent = `discover = () => undefined;`;
    const fragile = `discover = () => process.exit(3);`;
    await expect(probeUpstream(connect(modern))).resolves.toMatchObject({ era: 'MODERN', transport: 'STDIO' });
    await expect(probeUpstream(connect(''))).resolves.toMatchObject({ era: 'LEGACY', transport: 'STDIO' });
    await expect(probeUpstream(connect(fragile))).resolves.toMatchObject({ era: 'LEGACY' });
    const quiet = connect(silent, { timeoutMs: 400 });
    await expect(probeUpstream(quiet)).resolves.toMatchObject({ era: 'LEGACY' });
    expect(quiet.children.size).toBe(0);
  });

  it('[LNK-10] ends with everything that it started, after close and after its own exit', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'stdio-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    const stubborn = (name: string) => `
      const inner = "process.on('SIGTERM', () => {}); require('node:fs').writeFileSync('${folder}/${name}', String(process.pid)); setInterval(() => {}, 1000)";
      require('node:child_process').spawn(process.execPath, ['-e', inner], { stdio: 'inherit' });
      on = ({ id, method }) => { if (method === 'exit') process.exit(7); if (method === 'pid') send({ id, result: { pid: process.pid } }); };`;
    const pidOf = async (name: string): Promise<number> => {
      await expect
        .poll(() => readFile(path.join(folder, name), 'utf8').catch(() => ''), { timeout: 5000 })
        .not.toBe('');
      return Number(await readFile(path.join(folder, name), 'utf8'));
    };
    const closed = await open(connect(stubborn('a')));
    const { pid } = (await result(call(closed, 'pid'))) as { pid: number };
    const grandchild = await pidOf('a');
    await closed.close();
    await expect.poll(() => [isAlive(pid), isAlive(grandchild)]).toEqual([false, false]);

    const connection = connect(stubborn('b'));
    const exiting = await open(connection);
    const other = await pidOf('b');
    await expect(call(exiting, 'exit')).rejects.toMatchObject({ code: 'UPSTREAM_PROCESS_EXITED' });
    await expect.poll(() => [isAlive(other), connection.children.size]).toEqual([false, 0]);
  });

  it('[LNK-11] fails the calls of a child that exits, cannot start, or does not read, without a word of its stderr', async () => {
    let stderr = '';
    let closed = 0;
    const exits = connect(
      `on = ({ method }) => { if (method === 'go') { process.stderr.write('secret token'); process.exit(3); } };`,
      {
        onGone: (_name, text) => void (stderr = text),
      },
    );
    const link = await open(exits, { onClosed: () => void closed++ });
    const failure = await call(link, 'go').catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({
      code: 'UPSTREAM_PROCESS_EXITED',
      message: expect.stringMatching(/"local" runs as a process that ended \(exit code 3\)/),
    });
    expect(JSON.stringify(failure)).not.toContain('secret');
    expect([link.closed, closed]).toEqual([true, 1]);
    await expect.poll(() => stderr).toBe('secret token');
    await expect(call(link, 'again')).rejects.toMatchObject({ code: 'UPSTREAM_PROCESS_EXITED' });
    const missing = { ...exits, command: { ...exits.command, command: '/no/such/program' } };
    await expect(open(missing)).rejects.toMatchObject({
      message: expect.stringMatching(/could not be started \(ENOENT\)/),
    });

    const deaf = connect(`setInterval(() => undefined, 1000); on = () => process.stdin.pause();`, { timeoutMs: 300 });
    const stuck = await open(deaf);
    const big = { text: 'x'.repeat(60_000) };
    const all = await Promise.allSettled(Array.from({ length: 12 }, () => call(stuck, 'big', big)));
    expect(all.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : ''))).toEqual(
      expect.arrayContaining(['UPSTREAM_TIMEOUT', 'UPSTREAM_PROCESS_EXITED']),
    );
  });

  it('[LNK-11] lives through a flood on stderr and rubbish on stdout, and refuses a line without end', async () => {
    let stderr = '';
    const connection = connect(
      `on = ({ id, method }) => {
        if (method === 'line') return process.stdout.write('{"x":"' + 'y'.repeat(100_000));
        process.stdout.write('Listening…\\n[1]\\n\\n{"jsonrpc":"1.0"}\\n');
        for (let i = 0; i < 2000; i++) process.stderr.write('e'.repeat(1000));
        process.stderr.write('the end', () => send({ id, result: { ok: true } }));
      };`,
      { onGone: (_name, text) => void (stderr = text) },
    );
    const link = await open(connection);
    await expect(result(call(link, 'flood'))).resolves.toEqual({ ok: true });
    await expect(call(link, 'line')).rejects.toMatchObject({ code: 'UPSTREAM_TOO_LARGE' });
    await expect.poll(() => stderr).toMatch(/^e{93}the end$/);
  });

  it('[LNK-11] survives messages that cannot be dealt with: the call goes on, or its child ends and nothing else', async () => {
    // Nested deeper than it can be written down again.
    const deep = `'['.repeat(20000) + ']'.repeat(20000)`;
    const script = `
      on = ({ id, method }) => {
        process.stdout.write('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":' + ${deep} + '}}\\n');
        if (method === 'throw') send({ method: 'notifications/message', params: {} });
        else send({ id, result: { method } });
      };`;
    const link = await open(connect(script));
    await expect(call(link, 'whatever')).resolves.toMatchObject({ message: { result: { method: 'whatever' } } });
    const faulty: ServerMessages = {
      notification: () => {
        throw new TypeError('a fault of ours');
      },
      request: () => Promise.resolve({ result: '{}' }),
    };
    await expect(call(link, 'throw', {}, faulty)).rejects.toMatchObject({ code: 'UPSTREAM_PROCESS_EXITED' });
    expect(link.closed).toBe(true);
  });

  it('[LNK-12] has a limit of processes, and stops one that nobody uses', async () => {
    const connection = connect('', { maxPerUpstream: 2, idleMs: 300 });
    let closed = 0;
    const [one] = await Promise.all([open(connection, { onClosed: () => void closed++ }), open(connection)]);
    await expect(open(connection)).rejects.toMatchObject({
      code: 'UPSTREAM_TOO_MANY_PROCESSES',
      message: expect.stringContaining('GATEHOUSE_STDIO_MAX_CHILDREN'),
      answer: { http: 429 },
    });
    await expect.poll(() => connection.children.size, { timeout: 5000 }).toBe(0);
    expect([one.closed, closed]).toEqual([true, 1]);
    const next = await open(connection);
    await connection.children.close();
    await expect.poll(() => next.closed).toBe(true);
    await expect(open(connection)).rejects.toMatchObject({ code: 'UPSTREAM_PROCESS_EXITED' });
  });

  it('[LNK-7] tells the child what it gave up, and [LNK-4] reads no faster than messages are taken', async () => {
    const connection = connect(`
      const cancelled = [];
      on = ({ id, method, params }) => {
        if (method === 'notifications/cancelled') cancelled.push(params.requestId);
        if (method === 'cancelled') send({ id, result: { cancelled } });
        if (method === 'many') { written = 0; more(id); }
        if (method === 'written') send({ id, result: { written } });
      };
      let written = 0;
      const more = (id) => {
        while (written < 3000) {
          written++;
          if (!process.stdout.write(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: id, text: 'x'.repeat(2000) } }) + '\\n'))
            return process.stdout.once('drain', () => more(id));
        }
        send({ id, result: { written } });
      };`);
    const link = await open(connection);
    const controller = new AbortController();
    const given = call(link, 'never', {}, undefined, controller.signal);
    controller.abort(new Error('enough'));
    await expect(given).rejects.toThrow('enough');
    await expect(result(call(link, 'cancelled'))).resolves.toEqual({ cancelled: [2] });
    let taken = 0;
    let most = 0;
    let under = 0;
    const messages: ServerMessages = {
      notification: async () => {
        taken++;
        most = Math.max(most, ++under);
        await new Promise((resolve) => setImmediate(resolve));
        under--;
      },
      request: async () => ({ result: '{}' }),
    };
    await expect(result(call(link, 'many', {}, messages))).resolves.toEqual({ written: 3000 });
    expect([taken, most]).toEqual([3000, 1]);
  });
});

describe('lines', () => {
  it('are the same however they are cut, and end at the limit', () => {
    const bytes = Buffer.from('one\r\n\ntwö\nthree');
    for (const size of [1, 2, 3, 100]) {
      const splitter = new LineSplitter(5);
      const lines: string[] = [];
      for (let at = 0; at < bytes.length; at += size)
        lines.push(...(splitter.push(bytes.subarray(at, at + size)) ?? ['too long']).map(String));
      expect(lines).toEqual(['one', 'twö']);
      expect(splitter.push(Buffer.from('x'))).toBeNull();
    }
  });
});
