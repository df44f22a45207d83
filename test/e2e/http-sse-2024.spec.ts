import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUpstream } from '#testing';
import { openRequest } from '../service/stream-client.js';
import { compose, entriesOf, startMcpWorld, untilServed, type McpWorld } from './mcp-world.js';
import { TalkativeUpstream } from './talkative-upstream.js';

type Json = Record<string, unknown>;

// Byte by byte what a client of 2024-11-05 sends: no SDK, which would agree on a later revision.

const version = '2024-11-05';
const eras = ['legacy', 'modern'] as const;

let world: McpWorld;
const upstreams = {} as Record<(typeof eras)[number], TalkativeUpstream>;

beforeAll(async () => {
  world = await startMcpWorld({ GATEHOUSE_MCP_HTTP_SSE: 'true', GATEHOUSE_WORKER_HEALTH_INTERVAL: '1h' });
  const entries: Json[] = [];
  for (const era of eras) {
    upstreams[era] = await new TalkativeUpstream(era).start();
    entries.push(...(await entriesOf(world.admin, await addUpstream(world.admin, era, upstreams[era].url))));
  }
  await compose(world.admin, 'both', entries, { prefixNames: true });
  await untilServed(world.at('/servers/both/mcp'), world.token);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  for (const era of eras) await upstreams[era]?.[Symbol.asyncDispose]();
});

/** Opens the stream of 2024-11-05, and posts to the address that it names. */
async function openSse(path: string) {
  const port = Number(new URL(world.gatehouse.gateway).port);
  const headers = { authorization: `Bearer ${world.token}` };
  const stream = await openRequest(port, { method: 'GET', path, headers: { ...headers, accept: 'text/event-stream' } });
  expect(stream.status, stream.text).toBe(200);
  const { data: address = '', event } = await stream.next();
  expect(event).toBe('endpoint');
  const post = async (message: Json): Promise<void> => {
    const accepted = await openRequest(port, { path: address, headers, body: { jsonrpc: '2.0', ...message } });
    await accepted.ended();
    expect(accepted.status, accepted.text).toBe(202);
  };
  return { stream, post };
}

describe.each(eras)('[SES-22] a client of 2024-11-05, at an upstream that is %s', (slug) => {
  it.each([
    ['/sse', `${slug}__`],
    ['/servers/both/sse', `${slug}__`],
    [`/upstreams/${slug}/sse`, ''],
  ])('calls over %s', async (path, prefix) => {
    const { post, stream } = await openSse(path);
    const params = {
      protocolVersion: version,
      capabilities: { sampling: {} },
      clientInfo: { name: 'o', version: '1' },
    };
    await post({ id: 0, method: 'initialize', params });
    expect(await stream.message()).toMatchObject({ id: 0, result: { protocolVersion: version } });
    await post({ method: 'notifications/initialized' });
    await post({ id: 1, method: 'tools/call', params: { name: `${prefix}echo`, arguments: { n: 1 } } });
    expect(await stream.message()).toMatchObject({ id: 1, result: { content: [{ text: 'echo {"n":1}' }] } });
    // The upstream asks, and the answer goes the same way back.
    await post({ id: 2, method: 'tools/call', params: { name: `${prefix}sample`, arguments: {} } });
    const question = await stream.message();
    expect(question).toMatchObject({ method: 'sampling/createMessage' });
    const content = { type: 'text', text: 'hello' };
    await post({ id: question['id'], result: { role: 'assistant', model: 'm', content } });
    expect(await stream.message()).toMatchObject({
      id: 2,
      result: { content: [{ text: `sampled ${JSON.stringify(content)}` }] },
    });
    stream.leave();
  });
});
