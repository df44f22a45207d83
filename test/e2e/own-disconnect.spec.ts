import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addUpstream,
  eventData,
  startScriptedServer,
  until,
  type ScriptedRequest,
  type ScriptedServer,
} from '#testing';
import { openRequest } from '../service/stream-client.js';
import { modernClient, openLegacyClient } from './bridge-client.js';
import { startMcpWorld, untilServed, type McpWorld } from './mcp-world.js';
import { TalkativeUpstream } from './talkative-upstream.js';

// From outside, what SES-7 to SES-9 and LNK-2 show of the parts.

type Json = Record<string, unknown>;

let world: McpWorld;
let old: TalkativeUpstream;
let young: TalkativeUpstream;
let polling: ScriptedServer;
/** Lets the polling upstream answer. */
let release: () => void = () => undefined;
const resumed: string[] = [];

/** Leaves every call with an event to come back to, and answers on the GET that does. */
function poll({ message: { id, method }, request, response }: ScriptedRequest): void {
  const said = (data: string) => ({ method: 'notifications/message', params: { level: 'info', data } });
  const last = request.headers['last-event-id'];
  const tools = [{ name: 'poll', inputSchema: { type: 'object' } }];
  if (method === 'tools/list') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result: { tools } }));
  } else if (method === 'tools/call') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`id: ${String(id)}/0\nretry: 50\ndata: \n\n`);
    response.end(eventData(said('first'), `${String(id)}/1`));
  } else if (request.method === 'GET' && typeof last === 'string') {
    resumed.push(last);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    const asked = Number(last.split('/')[0]);
    release = () => {
      response.write(eventData(said('second'), `${asked}/2`));
      response.end(eventData({ id: asked, result: { content: [{ type: 'text', text: 'polled' }] } }, `${asked}/3`));
    };
  } else response.writeHead(405).end();
}

beforeAll(async () => {
  old = await new TalkativeUpstream('legacy').start();
  young = await new TalkativeUpstream('modern').start();
  polling = await startScriptedServer(poll);
  world = await startMcpWorld({ GATEHOUSE_WORKER_HEALTH_INTERVAL: '1h' });
  await addUpstream(world.admin, 'old', old.url);
  await addUpstream(world.admin, 'young', young.url);
  await addUpstream(world.admin, 'polling', polling.url);
  await untilServed(world.at('/upstreams/polling/mcp'), world.token);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await Promise.all([old, young, polling].map((server) => server?.[Symbol.asyncDispose]()));
});

describe('[OWT-3] a client that goes away', () => {
  const cases = ['old', 'young'].flatMap((slug) =>
    ['/mcp', `/upstreams/${slug}/mcp`].map((path) => [slug, path] as const),
  );
  const parts = (slug: string, path: string) => ({
    upstream: slug === 'old' ? old : young,
    name: path === '/mcp' ? `${slug}__slow` : 'slow',
  });
  const running = (upstream: TalkativeUpstream) =>
    upstream.seen.filter(({ method, params }) => method === 'tools/call' && params['name'] === 'slow').length;

  it.each(cases)('cancels at "%s" over %s when it is modern', async (slug, path) => {
    const { name, upstream } = parts(slug, path);
    const [before, seen] = [upstream.cancelled, running(upstream)];
    const leaving = new AbortController();
    const call = modernClient(world.at(path), world.token).call(name, {}, { signal: leaving.signal });
    await until('it runs', () => running(upstream) === seen + 1);
    leaving.abort();
    await expect(call).rejects.toThrow(/abort/i);
    await until('the upstream is told', () => upstream.cancelled === before + 1, 3000);
  });

  it.each(cases)('does not cancel at "%s" over %s when it is legacy, until it says so', async (slug, path) => {
    const { name, upstream } = parts(slug, path);
    const [before, seen] = [upstream.cancelled, running(upstream)];
    const client = await openLegacyClient(world.at(path), world.token);
    const leaving = new AbortController();
    const call = client.call(name, {}, { signal: leaving.signal });
    await until('it runs', () => running(upstream) === seen + 1);
    const id = client.newestId;
    leaving.abort();
    await expect(call).rejects.toThrow(/abort/i);
    // A call that ends, later, on the same session and upstream: had the first one been cancelled, that would be known.
    const echo = path === '/mcp' ? `${slug}__progress` : 'progress';
    for (let round = 0; round < 5; round += 1) expect((await client.call(echo)).result).toBeDefined();
    expect(upstream.cancelled).toBe(before);
    await client.notify('notifications/cancelled', { requestId: id });
    await until('the upstream is told', () => upstream.cancelled === before + 1, 3000);
  });
});

describe('[OWT-4] an upstream that is polled', () => {
  it.each(['/mcp', '/upstreams/polling/mcp'])(
    'answers a client that comes back with Last-Event-ID, too (%s)',
    async (path) => {
      resumed.length = 0;
      release = () => undefined;
      const port = Number(new URL(world.gatehouse.gateway).port);
      const headers: Record<string, string> = {
        authorization: `Bearer ${world.token}`,
        'mcp-protocol-version': '2025-11-25',
      };
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } };
      const begun = await openRequest(port, {
        path,
        headers,
        body: { jsonrpc: '2.0', id: 'i', method: 'initialize', params },
      });
      await begun.ended();
      headers['mcp-session-id'] = String(begun.headers['mcp-session-id']);
      const name = path === '/mcp' ? 'polling__poll' : 'poll';
      const body = { jsonrpc: '2.0', id: 'mine', method: 'tools/call', params: { name, arguments: {} } };
      const call = await openRequest(port, { path, headers, body });
      expect(call.headers['content-type'], call.text).toBe('text/event-stream');
      let last = '';
      for (;;) {
        const event = await call.next();
        last = event.id ?? last;
        if (event.data?.includes('first')) break;
      }
      call.leave();
      await until('the gateway came back to the upstream', () => resumed.length > 0);
      expect(resumed[0]).toMatch(/\/1$/);
      // Said while nobody listens here.
      release();
      const back = await openRequest(port, {
        method: 'GET',
        path,
        headers: { ...headers, accept: 'text/event-stream', 'last-event-id': last },
      });
      expect(back.status).toBe(200);
      expect(await back.message()).toMatchObject({ method: 'notifications/message', params: { data: 'second' } });
      const answer = (await back.message()) as { id: unknown; result: { content: Json[] } };
      expect([answer.id, answer.result.content[0]?.['text']]).toEqual(['mine', 'polled']);
      expect(await back.ended()).toBe('end');
    },
  );
});
