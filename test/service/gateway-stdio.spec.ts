import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKeyring, sealSecret } from '#crypto';
import {
  endpoint,
  legacy,
  startTestGateway,
  upstreamTarget,
  type EndpointPart,
  type TestGateway,
} from './gateway-harness.js';
import { SessionClient } from './session-world.js';
import { openRequest } from './stream-client.js';

// Upstreams that are processes: who has one, who shares one, and who makes room.

/** Answers `pid` with its process id, and says something by itself with each answer to `say`. */
const program = `
const lines = require('node:readline').createInterface({ input: process.stdin });
const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
lines.on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined || method === undefined) return;
  if (method === 'initialize')
    return send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'p', version: '1' } } });
  if (method !== 'tools/call') return send({ id, result: {} });
  send({ id, result: { content: [{ type: 'text', text: String(process.pid) }] } });
  if (params.name === 'say') setTimeout(() => send({ method: 'notifications/elicitation/complete', params: { elicitationId: 'e-1' } }), 50);
});
`;
const catalogue = {
  tools: ['pid', 'say'].map((name) => ({ definition: { name, inputSchema: { type: 'object' } }, run: () => ({}) })),
  resources: [],
  resourceTemplates: null,
  prompts: [],
};
const byCommand = { transport: 'STDIO', url: null, command: 'server' } as const;

describe('[LNK-12] an upstream that is a process', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-stdio-'));
  let gateway: TestGateway;
  let token: string;
  let others: string[];

  beforeAll(async () => {
    const script = path.join(folder, 'server.cjs');
    const commands = path.join(folder, 'commands.json');
    writeFileSync(script, program);
    writeFileSync(commands, JSON.stringify({ server: { command: process.execPath, args: [script] } }));
    gateway = await startTestGateway({ GATEHOUSE_STDIO_COMMANDS: commands, GATEHOUSE_STDIO_MAX_CHILDREN: '2' });
    const own = upstreamTarget('own', '', byCommand);
    const all = upstreamTarget('all', '', { ...byCommand, shared: true });
    const unknown = upstreamTarget('unknown', '', { ...byCommand, command: 'other', era: null });
    const locked = upstreamTarget('locked', 'http://127.0.0.1:9/mcp', {
      authHeader: 'authorization',
      authSecret: sealSecret(createKeyring(Buffer.alloc(32, 7)), 'secret', 'anywhere'),
    });
    const parts = [own, all, unknown, locked].map((upstream): EndpointPart => ({
      upstream,
      catalogue,
      prefixed: true,
    }));
    const rights = () => ({
      aggregate: endpoint({ kind: 'aggregate', slug: null }, parts),
      upstreams: Object.fromEntries(
        parts.map((part) => [
          part.upstream.slug,
          endpoint({ kind: 'upstream', slug: part.upstream.slug }, [{ ...part, prefixed: false }]),
        ]),
      ),
    });
    ({ token } = gateway.grant(rights()));
    others = [1, 2].map(() => gateway.grant(rights()).token);
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const begin = async (by = token, capabilities: object = {}): Promise<SessionClient> => {
    const params = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'test', version: '1' } };
    const answer = await openRequest(gateway.port, {
      path: '/mcp',
      headers: { authorization: `Bearer ${by}` },
      body: legacy('initialize', params, 0),
    });
    await answer.ended();
    return new SessionClient(gateway.port, by, String(answer.headers['mcp-session-id']), '2025-11-25', '/mcp');
  };
  const pid = async (client: SessionClient, name = 'own__pid'): Promise<string> => {
    const answer = await client.call(name);
    await answer.ended();
    return (JSON.parse(answer.text) as { result: { content: { text: string }[] } }).result.content[0]?.text ?? '';
  };

  it('runs once for the sessions of one principal, twice for two, once for all where it is shared', async () => {
    const [one, two, other] = [await begin(), await begin(), await begin(others[0])];
    const first = await pid(one);
    expect(Number(first)).toBeGreaterThan(0);
    expect(await pid(two)).toBe(first);
    expect(await pid(other)).not.toBe(first);
    const shared = await Promise.all([one, two, other].map((client) => pid(client, 'all__pid')));
    expect(new Set(shared).size).toBe(1);
    // The process goes on for whoever is left.
    await (await one.end()).ended();
    expect(await pid(two)).toBe(first);
  });

  it('what it says by itself hears the session that used it last and is still there', async () => {
    const [one, two] = [await begin(), await begin()];
    const [first, second] = [await one.listen(), await two.listen()];
    await pid(one, 'own__say');
    expect(await first.message()).toMatchObject({ method: 'notifications/elicitation/complete' });
    await pid(two, 'own__say');
    expect(await second.message()).toMatchObject({ method: 'notifications/elicitation/complete' });
    await (await two.end()).ended();
    await pid(one, 'own__say');
    await first.message();
    const heard = (stream: typeof first) => stream.events.filter(({ data }) => data).length;
    expect([heard(first), heard(second)]).toEqual([2, 1]);
    first.leave();
  });

  it('one token cannot keep another from its process', async () => {
    // As many as there may be, of one token: its clients can do different things.
    await pid(await begin());
    const greedy = await begin(token, { sampling: {} });
    const last = await pid(greedy);
    expect(Number(await pid(await begin(others[0])))).toBeGreaterThan(0);
    // The oldest made room, and the process of the other token is not the one that makes room for the greedy one.
    expect(await pid(greedy)).toBe(last);
    const kept = await pid(await begin(others[0]));
    await pid(await begin(token, { roots: {} }));
    expect(await pid(await begin(others[0]))).toBe(kept);
  });

  it.each([
    ['unknown', 'UPSTREAM_COMMAND_NOT_ALLOWED'],
    ['locked', 'UPSTREAM_CREDENTIAL_UNREADABLE'],
  ])('[RLY-1] an upstream that cannot even be prepared (%s) is told as a failing upstream', async (slug, reason) => {
    for (const [at, name] of [
      ['/mcp', `${slug}__pid`],
      [`/upstreams/${slug}/mcp`, 'pid'],
    ] as const) {
      gateway.records.length = 0;
      const answer = await gateway.post(at, token, legacy('tools/call', { name, arguments: {} }, 5));
      expect(answer).toMatchObject({
        status: 200,
        json: { id: 5, error: { code: -31002, data: { upstream: slug } } },
      });
      expect(gateway.records).toMatchObject([{ outcome: 'FAILED', reason }]);
    }
  });
});
