import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '#kernel';
import { until } from '#testing';
import { endpoint, legacy, startTestGateway, upstreamTarget, type TestGateway } from './gateway-harness.js';
import { SessionClient } from './session-world.js';
import { openRequest } from './stream-client.js';

// How many processes of an upstream one user may have, also when all of them are at work.

/** Answers `pid` with its process id, and `hang` only when it is cancelled. */
const program = `
const lines = require('node:readline').createInterface({ input: process.stdin });
const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
lines.on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'initialize')
    return send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'p', version: '1' } } });
  if (method !== 'tools/call') return;
  if (params.name === 'hang') return send({ method: 'notifications/progress', params: { progressToken: params._meta.progressToken, progress: 1 } });
  send({ id, result: { content: [{ type: 'text', text: String(process.pid) }] } });
});
`;
const catalogue = {
  tools: ['pid', 'hang'].map((name) => ({ definition: { name, inputSchema: { type: 'object' } }, run: () => ({}) })),
  resources: [],
  resourceTemplates: null,
  prompts: [],
};
const capabilitySets = [{}, { sampling: {} }, { roots: {} }, { elicitation: {} }];

describe('[RBS-5] processes of one upstream', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-stdio-share-'));
  const commands = path.join(folder, 'commands.json');
  let gateway: TestGateway;
  const leaving: (() => void)[] = [];

  beforeAll(() => {
    const script = path.join(folder, 'server.cjs');
    writeFileSync(script, program);
    writeFileSync(commands, JSON.stringify({ server: { command: process.execPath, args: [script] } }));
  });
  afterEach(async () => {
    for (const leave of leaving.splice(0)) leave();
    await gateway[Symbol.asyncDispose]();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const start = async (env: Record<string, string>): Promise<(userId: string) => string> => {
    gateway = await startTestGateway({ GATEHOUSE_STDIO_COMMANDS: commands, ...env });
    const upstream = upstreamTarget('own', '', { transport: 'STDIO', url: null, command: 'server' });
    const aggregate = endpoint({ kind: 'aggregate', slug: null }, [{ upstream, catalogue, prefixed: false }]);
    return (userId) => gateway.grant({ aggregate }, { userId }).token;
  };
  /** A session whose clients can do something else than those of the other sets, so it has a process of its own. */
  const begin = async (token: string, set = 0): Promise<SessionClient> => {
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: capabilitySets[set],
      clientInfo: { name: 't', version: '1' },
    };
    const headers = { authorization: `Bearer ${token}` };
    const answer = await openRequest(gateway.port, { path: '/mcp', headers, body: legacy('initialize', params, 0) });
    await answer.ended();
    return new SessionClient(gateway.port, token, String(answer.headers['mcp-session-id']), '2025-11-25', '/mcp');
  };
  const hang = async (client: SessionClient): Promise<() => Promise<void>> => {
    const params = { name: 'hang', arguments: {}, _meta: { progressToken: 'p' } };
    const stream = await client.post(legacy('tools/call', params, 9));
    expect(await stream.message()).toMatchObject({ method: 'notifications/progress' });
    leaving.push(() => stream.leave());
    return async () => {
      await client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9 } });
      await stream.ended();
    };
  };
  const pid = async (client: SessionClient) => {
    const answer = await client.call('pid');
    await answer.ended();
    const body = JSON.parse(answer.text) as { result?: { content: { text: string }[] }; error?: object };
    return { status: answer.status, headers: answer.headers, error: body.error, pid: body.result?.content[0]?.text };
  };

  it('belong to one user up to its share, whatever its tokens and clients; others have theirs', async () => {
    const tokenOf = await start({ GATEHOUSE_STDIO_MAX_CHILDREN: '4', GATEHOUSE_STDIO_MAX_CHILDREN_PER_USER: '2' });
    const [greedy, other] = [newId(), newId()];
    const token = tokenOf(greedy);
    const first = await begin(token);
    const finish = await hang(first);
    await hang(await begin(token, 1));
    // Neither other capabilities nor another token makes more of it.
    for (const refused of [await pid(await begin(token, 2)), await pid(await begin(tokenOf(greedy)))]) {
      expect(refused).toMatchObject({ status: 429, error: { code: -31001, data: { limit: 2, scope: 'user' } } });
      expect(refused.headers['retry-after']).toBe('1');
      expect(JSON.stringify(refused.error)).toContain('GATEHOUSE_STDIO_MAX_CHILDREN_PER_USER');
    }
    for (const set of [0, 1]) expect((await pid(await begin(tokenOf(other), set))).status).toBe(200);
    // What the user no longer needs makes room for the same user.
    const known = await pid(await begin(tokenOf(other)));
    expect(known.status).toBe(200);
    await finish();
    const again = await begin(token, 2);
    await until('its own idle process makes room', async () => (await pid(again)).status === 200);
    expect(await pid(again)).toMatchObject({ status: 200 });
  });

  it('are never all of one user, however few there may be', async () => {
    const tokenOf = await start({ GATEHOUSE_STDIO_MAX_CHILDREN: '2' });
    const token = tokenOf(newId());
    await hang(await begin(token));
    expect(await pid(await begin(token, 1))).toMatchObject({ status: 429, error: { data: { limit: 1 } } });
    const other = await begin(tokenOf(newId()));
    const { pid: kept } = await pid(other);
    expect(Number(kept)).toBeGreaterThan(0);
    // Nor does an idle one of another user make room for more than the share.
    expect((await pid(await begin(token, 2))).status).toBe(429);
    expect(await pid(other)).toMatchObject({ pid: kept });
  });

  it('are one for one user where there may be one only', async () => {
    const tokenOf = await start({ GATEHOUSE_STDIO_MAX_CHILDREN: '1' });
    expect((await pid(await begin(tokenOf(newId())))).status).toBe(200);
    expect((await pid(await begin(tokenOf(newId())))).status).toBe(200);
  });
});
