import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addUpstream, addUser, freePort, postMcp, startOwnedProcess, until } from '#testing';
import { projectRoot } from '../project-files.js';
import { startMcpWorld, untilServed, type McpWorld } from './mcp-world.js';
import { openV1, type SdkClient } from './real-sdk-clients.js';

// Real servers over stdio and HTTP+SSE, behind the aggregate, used by the client of SDK v1.

type Json = Record<string, unknown>;

const program = path.join(projectRoot, 'node_modules/.bin/mcp-server-everything');
const loopback = path.join(projectRoot, 'dist/apps/cli/src/demo/listen-on-loopback.js');
const asking = path.join(projectRoot, 'test/e2e/asking-server.child.mjs');
/** The upstream with one process for each principal, and the one with one for all. */
const ways = ['own', 'all'] as const;

let world: McpWorld;
let folder: string;
let sse: { stop(signal: NodeJS.Signals): Promise<unknown> };
const tokens: string[] = [];
const clients: SdkClient[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-commands-'));
  const commands = path.join(folder, 'commands.json');
  const run = (...args: string[]) => ({ command: process.execPath, args });
  writeFileSync(
    commands,
    JSON.stringify({
      everything: run(program, 'stdio'),
      ...Object.fromEntries(ways.map((way) => [`asking-${way}`, run(asking, way)])),
    }),
  );
  const port = await freePort();
  [world, sse] = await Promise.all([
    startMcpWorld({ GATEHOUSE_STDIO_COMMANDS: commands, GATEHOUSE_STDIO_MAX_CHILDREN: '2' }),
    startOwnedProcess(process.execPath, ['--import', loopback, program, 'sse'], {
      ready: `on port ${port}`,
      spawn: { env: { PATH: process.env['PATH'], PORT: String(port) } },
    }),
  ]);
  const { admin, gatehouse } = world;
  for (const way of ways) {
    const shared = way === 'all';
    await addUpstream(admin, `ask-${way}`, null, { transport: 'STDIO', command: `asking-${way}`, shared });
    await addUpstream(admin, `every-${way}`, null, { transport: 'STDIO', command: 'everything', shared });
  }
  await addUpstream(admin, 'every-sse', `http://127.0.0.1:${port}/sse`, { transport: 'SSE' });
  tokens.push(world.token);
  for (const name of ['ada', 'bob']) tokens.push((await addUser(admin, gatehouse.controlPlane, name)).token);
  for (const token of tokens) await untilServed(world.at('/mcp'), token);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await sse?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await Promise.allSettled(clients.splice(0).map((client) => client.close()));
});

/** The processes of an upstream of ours that the gateway runs now. */
const processesOf = (way: string): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      const [parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(1) ?? [];
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return Number(parent) === world.gatehouse.child.pid && command[1] === asking && command[2] === way;
    } catch {
      return false;
    }
  });

/** A client of the aggregate, with the token of its own number. */
async function connect(index = 0, at = '/mcp'): Promise<SdkClient> {
  const client = await openV1({ url: world.at(at), token: tokens[index] ?? '' });
  clients.push(client);
  return client;
}

const textOf = (result: unknown): string => String(((result as Json)['content'] as Json[])[0]?.['text']);

describe('[LNK-17] the reference server behind the aggregate', () => {
  it.each(['every-own', 'every-all', 'every-sse'])(
    '%s: lists, calls, progress, prompts and resources',
    async (slug) => {
      const client = await connect();
      const names = (await client.tools())
        .map(({ name }) => String(name))
        .filter((name) => name.startsWith(`${slug}__`));
      expect(names).toContain(`${slug}__echo`);
      expect(textOf(await client.call(`${slug}__echo`, { message: 'hello' }))).toContain('hello');
      const steps: number[] = [];
      const operation = await client.call(
        `${slug}__trigger-long-running-operation`,
        { duration: 0.3, steps: 3 },
        { onProgress: (step) => void steps.push(step) },
      );
      expect(textOf(operation)).toContain('completed');
      expect(steps).toEqual([1, 2, 3]);
      const values = await client.complete(
        { type: 'ref/prompt', name: `${slug}__completable-prompt` },
        { name: 'department', value: 'S' },
      );
      expect(values).toEqual(['Sales', 'Support']);
    },
  );

  it.each(['every-own', 'every-sse'])('%s: it asks for samples and input through a pass-through', async (slug) => {
    const client = await connect(0, `/upstreams/${slug}/mcp`);
    await until('the tools are offered', async () =>
      (await client.tools()).some(({ name }) => name === 'trigger-elicitation-request'),
    );
    expect(textOf(await client.call('trigger-sampling-request', { prompt: 'hi' }))).toContain('hello');
    expect(JSON.stringify(await client.call('trigger-elicitation-request'))).toContain('Ada');
    // A server asks for roots when it begins: a process may have served this token before.
    if (slug === 'every-sse') await until('roots are asked for', () => client.asked.includes('roots/list'));
    const asked = new Set(client.asked);
    asked.delete('roots/list');
    expect(asked).toEqual(new Set(['sampling/createMessage', 'elicitation/create']));
  });
});

describe('[LNK-17] a server that asks, behind the aggregate', () => {
  it('asks the one client whose process it is', async () => {
    const [one, other] = [await connect(1), await connect(2)];
    expect(textOf(await one.call('ask-own__sample'))).toBe('hello');
    expect(textOf(await one.call('ask-own__elicit'))).toBe('Ada');
    expect(one.asked).toEqual(['sampling/createMessage', 'elicitation/create']);
    expect(textOf(await other.call('ask-own__pid'))).not.toBe(textOf(await one.call('ask-own__pid')));
    expect(other.asked).toEqual([]);
  });

  it('asks nobody where all share it: it is told that nobody can be asked', async () => {
    const client = await connect(1);
    expect(JSON.stringify(await client.call('ask-all__sample').catch(String))).toContain(
      'Method not found: sampling/createMessage',
    );
    expect(client.asked).toEqual([]);
  });

  it.each(ways)('ask-%s: two clients at once hear nothing of each other', async (way) => {
    const pair = [await connect(1), await connect(2)];
    // Listeners of what changes need no process of their own where one is shared.
    for (const client of pair) await client.listen([]);
    const pids = await Promise.all(pair.map(async (client) => textOf(await client.call(`ask-${way}__pid`))));
    expect(new Set(pids).size).toBe(way === 'all' ? 1 : 2);
    const heard: unknown[][] = [[], []];
    const together = way === 'all' ? 2 : 1;
    const answers = await Promise.all(
      pair.map((client, index) =>
        client.call(
          `ask-${way}__steps`,
          { who: `client ${index}`, together },
          { onProgress: (step) => void heard[index]?.push(step) },
        ),
      ),
    );
    expect(answers.map(textOf)).toEqual(['done for client 0', 'done for client 1']);
    expect(heard).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    for (const [index, client] of pair.entries())
      expect(JSON.stringify(client.heard)).not.toContain(`client ${1 - index}`);
  });

  it('has one process where all share it, also while clients listen for changes of its lists', async () => {
    const one = await connect(1);
    await connect(2);
    await one.call('ask-all__pid');
    const began = performance.now();
    // The gateway listens at an upstream at most a second after the first client does.
    await until('it listens', () => performance.now() - began > 2000);
    expect(processesOf('all')).toHaveLength(1);
  });

  it.each(ways)('ask-%s: when its process dies the call fails, and the next one has another', async (way) => {
    const client = await connect(1);
    const before = textOf(await client.call(`ask-${way}__pid`));
    await expect(client.call(`ask-${way}__die`)).rejects.toThrow(`ask-${way}`);
    const after = textOf(await client.call(`ask-${way}__pid`));
    expect([Number(after) > 0, after === before]).toEqual([true, false]);
    process.kill(Number(after), 'SIGKILL');
    await until('it is noticed', async () => {
      const next = await client.call(`ask-${way}__pid`).catch(() => null);
      return next !== null && textOf(next) !== after;
    });
  });

  it('has at most so many processes: one more is refused with 429 while all are at work, and takes an idle one', async () => {
    const [one, other] = [await connect(0), await connect(1)];
    // Each waits for a second call of its kind.
    const busy = [one, other].map((client) => client.call('ask-own__steps', { together: 2 }));
    await until('both are at work', () => processesOf('own').length === 2);
    const third = await connect(2);
    await expect(third.call('ask-own__pid')).rejects.toThrow('GATEHOUSE_STDIO_MAX_CHILDREN');
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'ask-own__pid' } });
    const refused = await postMcp(world.at('/mcp'), tokens[2] ?? '', body);
    expect([refused.status, refused.headers.get('retry-after'), refused.body]).toMatchObject([
      429,
      '1',
      { error: { code: -31001, data: { retryAfterMs: 1000 } } },
    ]);
    await one.call('ask-own__steps', { together: 2 });
    await until('there is room', async () => (await third.call('ask-own__pid').catch(() => null)) !== null);
    await other.call('ask-own__steps', { together: 2 });
    expect((await Promise.all(busy)).map(textOf)).toEqual(['done for undefined', 'done for undefined']);
  });
});
