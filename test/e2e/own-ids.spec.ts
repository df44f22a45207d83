import { rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addUpstream,
  addUser,
  callMcp,
  eventData,
  startScriptedServer,
  until,
  type ScriptedRequest,
  type ScriptedServer,
} from '#testing';
import { stdioCommands } from '../security/security-world.js';
import { openRequest, type StreamClient } from '../service/stream-client.js';
import { startMcpWorld, untilServed, type McpWorld } from './mcp-world.js';

type Json = Record<string, unknown>;

let world: McpWorld;
let user: { token: string };
let http: ScriptedServer;
const commands = stdioCommands();

interface Waiting {
  readonly id: unknown;
  readonly token: unknown;
  readonly who: string;
  readonly response: ServerResponse;
}

/** What the stdio upstream does as well: all that wait report progress, in turns, and end. */
function endTogether(met: readonly Waiting[]): void {
  for (const { response } of met) response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const progress of [1, 2, 3])
    for (const { response, token: progressToken, who: message } of met)
      response.write(eventData({ method: 'notifications/progress', params: { progressToken, progress, message } }));
  for (const { id, response, who } of met)
    response.end(eventData({ id, result: { content: [{ type: 'text', text: who }] } }));
}

/** Over HTTP what `together` of the stdio upstream is. */
function together(): (one: ScriptedRequest) => void {
  const waiting: Waiting[] = [];
  const tools = [{ name: 'together', inputSchema: { type: 'object' } }];
  return ({ message: { id, method, params }, response }) => {
    if (method === 'tools/list') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result: { tools } }));
    } else if (method === 'tools/call') {
      const { _meta, arguments: args } = params as { _meta?: Json; arguments: { count: number; who: string } };
      waiting.push({ id, token: _meta?.['progressToken'], who: args.who, response });
      if (waiting.length === args.count) endTogether(waiting.splice(0));
    } else response.writeHead(405).end();
  };
}

beforeAll(async () => {
  http = await startScriptedServer(together());
  world = await startMcpWorld(commands.env);
  await addUpstream(world.admin, 'child', null, { transport: 'STDIO', command: 'seer', shared: true });
  await addUpstream(world.admin, 'web', http.url);
  user = await addUser(world.admin, world.gatehouse.controlPlane, 'ursula');
  await untilServed(world.at('/mcp'), user.token);
  await until('the tools are here', async () =>
    (await callMcp(world.at('/mcp'), user.token, 'tools/list')).text.includes('web__together'),
  );
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await http?.[Symbol.asyncDispose]();
  rmSync(commands.folder, { recursive: true, force: true });
});

/** A client with a session of its own. */
async function client(token: string) {
  const port = Number(new URL(world.gatehouse.gateway).port);
  const post = (body: Json, more: Record<string, string> = {}): Promise<StreamClient> =>
    openRequest(port, { path: '/mcp', headers: { authorization: `Bearer ${token}`, ...more }, body });
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } };
  const begun = await post({ jsonrpc: '2.0', id: 'begin', method: 'initialize', params });
  await begun.ended();
  const session = { 'mcp-session-id': String(begun.headers['mcp-session-id']), 'mcp-protocol-version': '2025-06-18' };
  /** Calls `together`, and returns the answer and what was told before it. */
  const meet = async (slug: string, id: unknown, who: string, count: number, progressToken?: unknown) => {
    const meta = progressToken === undefined ? {} : { _meta: { progressToken } };
    const answer = await post(
      {
        jsonrpc: '2.0',
        id,
        method: 'tools/call',
        params: { name: `${slug}__together`, arguments: { who, count }, ...meta },
      },
      session,
    );
    await answer.ended();
    const messages =
      answer.text === ''
        ? answer.events.flatMap(({ data }) => (data ? [JSON.parse(data) as Json] : []))
        : [JSON.parse(answer.text) as Json];
    const last = messages.at(-1) ?? {};
    const { content } = last['result'] as { content: { text: string }[] };
    return {
      id: last['id'],
      text: content[0]?.text,
      told: messages.slice(0, -1).map(({ params: one }) => one as Json),
    };
  };
  return { meet };
}

describe.each(['child', 'web'])('at one upstream (%s)', (slug) => {
  it('[OWT-1] requests 1, "1" and 0 of two clients at once, one id twice: each gets its own answer', async () => {
    const [mine, theirs] = [await client(world.token), await client(user.token)];
    const ids: unknown[] = [1, '1', 0, '', 1, 'constructor'];
    const calls = [mine, theirs].flatMap(({ meet }, by) =>
      ids.map(async (id, index) => {
        const who = `${by}-${index}`;
        expect(await meet(slug, id, who, 2 * ids.length)).toEqual({ id, text: who, told: [] });
      }),
    );
    await Promise.all(calls);
  });

  it('[OWT-2] progress under one and the same token of two clients goes to the call that it is of', async () => {
    const clients = await Promise.all([client(world.token), client(user.token), client(world.token)]);
    const tokens: unknown[] = ['p', 1, '1', 0];
    const calls = clients.flatMap(({ meet }, by) =>
      tokens.map(async (token, index) => {
        const who = `${by}-${index}`;
        const { text, told } = await meet(slug, index, who, clients.length * tokens.length, token);
        expect(text).toBe(who);
        expect(told).toEqual([1, 2, 3].map((progress) => ({ progressToken: token, progress, message: who })));
      }),
    );
    await Promise.all(calls);
  });
});
