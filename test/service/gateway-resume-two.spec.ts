import { expect, it } from 'vitest';
import { eventData, eventStream, startScriptedServer, until, type ScriptedRequest } from '#testing';
import { endpoint, legacy, startTestGateway, upstreamTarget } from './gateway-harness.js';
import { SessionClient, gate } from './session-world.js';
import { openRequest } from './stream-client.js';

/**
 * A legacy server that lets its client poll (2025-11-25, SEP-1699): a call gets an event id and the end of its stream;
 * the rest comes to whoever returns with that id. All servers use the same ids.
 */
async function startPolling(name: string) {
  const opened = gate();
  let callId: unknown;
  const note = (n: number) =>
    eventData({ method: 'notifications/message', params: { level: 'info', data: `${name} ${n}` } }, `e-${n + 1}`);
  const resumed: (string | undefined)[] = [];
  const answer = ({ message, request, response }: ScriptedRequest): void => {
    if (request.method === 'GET') {
      const lastEventId = request.headers['last-event-id'];
      if (lastEventId === undefined) return void response.writeHead(405).end();
      resumed.push(String(lastEventId));
      const stream = eventStream(response);
      stream.write(note(1));
      void opened.opened.then(() => {
        stream.write(note(2));
        const result = { content: [{ type: 'text', text: `${name} done` }] };
        stream.end(eventData({ id: callId, result }, 'e-9'));
      });
    } else if (message['method'] === 'tools/call') {
      callId = message['id'];
      eventStream(response, 'id: e-1\nretry: 30\ndata: \n\n').end();
    } else response.writeHead(200, { 'content-type': 'application/json' }).end(eventJson(message['id']));
  };
  const server = await startScriptedServer(answer);
  return { server, resumed, open: () => opened.open() };
}

const eventJson = (id: unknown): string => JSON.stringify({ jsonrpc: '2.0', id, result: {} });
const echo = { definition: { name: 'echo', inputSchema: { type: 'object' } }, run: () => ({}) };
const catalogue = { tools: [echo], resources: [], resourceTemplates: null, prompts: [] };

it('[LMT-11] two calls of a session at two polling upstreams, both left: each goes on under its own event id', async () => {
  await using gateway = await startTestGateway();
  const upstreams = { one: await startPolling('one'), two: await startPolling('two') };
  await using _one = upstreams.one.server;
  await using _two = upstreams.two.server;
  const parts = Object.entries(upstreams).map(([slug, { server }]) => ({
    upstream: upstreamTarget(slug, server.url),
    catalogue,
    prefixed: true,
  }));
  const { token } = gateway.grant({ aggregate: endpoint({ kind: 'aggregate', slug: null }, parts) });
  const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const begun = await openRequest(gateway.port, {
    path: '/mcp',
    headers: { authorization: `Bearer ${token}` },
    body: legacy('initialize', hello, 0),
  });
  await begun.ended();
  const session = String(begun.headers['mcp-session-id']);
  const client = new SessionClient(gateway.port, token, session, '2025-11-25', '/mcp');

  // Both calls get so far that their client knows an event to come back to, and are left.
  const calls = { one: await client.call('one__echo', 1), two: await client.call('two__echo', 2) };
  const left: Record<string, string> = {};
  for (const [slug, call] of Object.entries(calls)) {
    left[slug] = (await call.next()).id ?? '';
    call.leave();
  }
  const { one, two } = upstreams;
  expect(left['one']).not.toBe(left['two']);
  await until('both are asked to go on', () => one.resumed.length > 0 && two.resumed.length > 0);
  expect([one.resumed, two.resumed]).toEqual([['e-1'], ['e-1']]);

  // In the other order, and while the other one has not ended.
  const second = await client.listen(left['two']);
  const first = await client.listen(left['one']);
  two.open();
  expect(await second.ended()).toBe('end');
  one.open();
  expect(await first.ended()).toBe('end');
  for (const [stream, name, id] of [
    [first, 'one', 1],
    [second, 'two', 2],
  ] as const) {
    const messages = stream.events.flatMap(({ data }) => (data ? [JSON.parse(data) as Record<string, unknown>] : []));
    expect(messages).toMatchObject([
      { method: 'notifications/message', params: { data: `${name} 1` } },
      { method: 'notifications/message', params: { data: `${name} 2` } },
      { id, result: { content: [{ text: `${name} done` }] } },
    ]);
  }
  // Once more from the start: still nothing of the other.
  const again = await client.listen(left['one']);
  expect(await again.ended()).toBe('end');
  expect(again.events.map(({ data }) => data).join('')).not.toContain('two');
  expect(again.events.filter(({ data }) => data)).toHaveLength(3);
});
