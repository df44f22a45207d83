import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exposeTaskId } from '../../apps/gateway/src/relay/task-ids.js';
import { eventData, startScriptedServer, until } from '#testing';
import type { Endpoint, UpstreamTarget } from '#snapshot';
import { endpoint, keyring, modern, startTestGateway, upstreamTarget, type TestGateway } from './gateway-harness.js';
import { isAlive, silentProcess, startSilentUpstream } from './silent-upstream.js';
import { talkativeCatalogue } from './talkative-world.js';

// Clients that listen, and read nothing or next to nothing of what they are told.

type Json = Record<string, unknown>;

const processes = silentProcess();
const large = 'x'.repeat(500_000);

let gateway: TestGateway;

beforeAll(async () => {
  // So long that nobody is cut for having been slow for a while.
  gateway = await startTestGateway({ ...processes.settings, GATEHOUSE_MCP_SLOW_CLIENT_TIMEOUT: '10m' });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  processes[Symbol.dispose]();
});

const aggregateOf = (upstream: UpstreamTarget): Endpoint =>
  endpoint({ kind: 'aggregate', slug: null }, [{ upstream, catalogue: talkativeCatalogue(['job']), prefixed: true }]);

/** A token, and the ids under which it knows some tasks of an upstream. */
function begin(upstream: UpstreamTarget, own: readonly string[]) {
  const aggregate = aggregateOf(upstream);
  const { principal, token } = gateway.grant({ aggregate });
  const toolId = aggregate.tools.get(`${upstream.slug}__job`)?.objectId ?? '';
  const place = { upstreamId: upstream.id, toolId };
  return { token, taskIds: own.map((taskId) => exposeTaskId(keyring, principal.tokenId, { ...place, taskId })) };
}

/** Listens, and reads only what it is told to. */
function listen(token: string, path: string, notifications: Json): { socket: Socket; over(): boolean } {
  const method = 'subscriptions/listen';
  const { body } = modern(method, { notifications }, 'listen-1');
  const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
  const _meta = { ...(body.params['_meta'] as Json), 'io.modelcontextprotocol/clientCapabilities': capabilities };
  const text = JSON.stringify({ ...body, params: { ...body.params, _meta } });
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${gateway.port}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    'MCP-Protocol-Version: 2026-07-28',
    `Mcp-Method: ${method}`,
    `Content-Length: ${text.length}`,
  ];
  const socket = connect(gateway.port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n${text}`));
  let isOver = false;
  socket.pause();
  socket.on('error', () => (isOver = true));
  socket.on('close', () => (isOver = true));
  return { socket, over: () => isOver };
}

const cutLines = () => gateway.logLines.filter((line) => line.includes('too slow for what it listens to')).length;

describe('[LSN-3] a client that does not read what it listens to', () => {
  it.each([
    ['nothing', 0],
    ['a few bytes now and then', 10],
  ])('is cut when more waits than may: it reads %s', async (_name, bytes) => {
    const before = cutLines();
    const { taskIds, token } = begin(
      processes.target('child'),
      [1, 2, 3, 4, 5].map((n) => `large-${n}`),
    );
    const { socket } = listen(token, '/mcp', { taskIds });
    const drip = setInterval(() => bytes > 0 && socket.read(bytes), 20);
    await until('it is cut', () => cutLines() === before + 1, 15_000);
    await until('the upstream is left', () => processes.noted().open === 0);
    expect(isAlive(processes.noted().pid)).toBe(true);
    clearInterval(drip);
    socket.destroy();
    await until('it is recorded', () => gateway.records.some(({ action }) => action === 'subscriptions/listen'));
  });

  it('holds up an upstream whose stream is its own, and is told all of it when it reads', async () => {
    await using upstream = await startSilentUpstream();
    upstream.state.speaks = true;
    const target = upstream.target('own');
    const { taskIds, token } = begin(target, ['one']);
    const before = cutLines();
    const { socket } = listen(token, '/mcp', { taskIds });
    await until('the upstream is asked', () => upstream.open() === 1);
    const [stream] = upstream.streams;
    const count = 60;
    for (let n = 0; n < count; n++)
      upstream.say({
        method: 'notifications/tasks',
        params: { taskId: 'one', status: n === count - 1 ? 'completed' : 'working', statusMessage: `${n} ${large}` },
      });
    const waiting = () => stream?.writableLength ?? 0;
    let last = -1;
    let since = 0;
    await until('it is held up', () => {
      if (waiting() !== last) since = performance.now();
      last = waiting();
      return performance.now() - since > 500;
    });
    expect(waiting()).toBeGreaterThan((count * large.length) / 2);
    expect(cutLines()).toBe(before);
    const told = new Set<number>();
    let rest = '';
    socket.on('data', (chunk) => {
      rest += chunk.toString('latin1');
      for (const [, n] of rest.matchAll(/"statusMessage":"(\d+) x/g)) told.add(Number(n));
      rest = rest.slice(-50);
    });
    socket.resume();
    await until('it is told all of it', () => told.size === count, 20_000);
    socket.destroy();
  });

  it('is told once of a list that a legacy upstream announced in many words', async () => {
    await using upstream = await startScriptedServer(({ message, request, response }) => {
      const { id, method } = message;
      if (request.method === 'GET') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        streams.add(response);
        response.once('close', () => streams.delete(response));
        response.write(': welcome\n\n');
      } else if (method === 'tools/list')
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ jsonrpc: '2.0', id, result: { tools: [] } }));
      else response.writeHead(202).end();
    });
    const streams = new Set<{ write(text: string): boolean }>();
    const target = upstreamTarget('old', upstream.url, {
      capabilities: JSON.stringify({ tools: { listChanged: true } }),
    });
    const own = endpoint({ kind: 'upstream', slug: 'old' }, [
      { upstream: target, catalogue: talkativeCatalogue(['job']), prefixed: false },
    ]);
    const { token } = gateway.grant({ upstreams: { old: { ...own, subjectId: target.id } } });
    const before = cutLines();
    const { over, socket } = listen(token, '/upstreams/old/mcp', { toolsListChanged: true });
    await until('the upstream is listened to', () => streams.size > 0);
    const said = 100;
    for (let n = 0; n < said; n++)
      for (const stream of streams)
        stream.write(
          eventData({ method: 'notifications/tools/list_changed', params: { _meta: { n: `<${n}>`, large } } }),
        );
    const told: string[] = [];
    // It begins to read when everything is said.
    await until(
      'all is said',
      () => [...streams].every((one) => (one as unknown as { writableLength: number }).writableLength === 0),
      20_000,
    );
    socket.on('data', (chunk) => {
      told.push(...(chunk.toString('latin1').match(/<\d+>/g) ?? []));
    });
    socket.resume();
    await until('it is told the last', () => told.includes(`<${said - 1}>`), 20_000);
    expect(told.length).toBeLessThan(said / 2);
    expect([cutLines(), over()]).toEqual([before, false]);
    socket.destroy();
  });
});
