import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '#testing';
import { openLegacyClient } from '../e2e/bridge-client.js';
import { TalkativeUpstream } from '../e2e/talkative-upstream.js';
import { endpoint, legacy, startTestGateway, type TestGateway } from './gateway-harness.js';
import { openRequest } from './stream-client.js';
import { talkativeCatalogue, talkativeTarget } from './talkative-world.js';

type Json = Record<string, unknown>;

let gateway: TestGateway;
const upstreams: TalkativeUpstream[] = [];

beforeAll(async () => {
  gateway = await startTestGateway();
  for (let index = 0; index < 2; index++) upstreams.push(await new TalkativeUpstream('legacy').start());
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  for (const upstream of upstreams) await upstream[Symbol.asyncDispose]();
});

function grant() {
  const parts = upstreams.map((upstream, index) => ({
    upstream: talkativeTarget(upstream, { slug: `up-${index}` }),
    catalogue: talkativeCatalogue(['sample-watched']),
    prefixed: true,
  }));
  const [first] = parts;
  if (!first) throw new Error('no upstream');
  return gateway.grant({
    aggregate: endpoint({ kind: 'aggregate', slug: null }, parts),
    servers: { s: endpoint({ kind: 'virtual-server', slug: 's' }, [{ ...first, prefixed: false }]) },
    upstreams: {
      'up-0': {
        ...endpoint({ kind: 'upstream', slug: 'up-0' }, [{ ...first, prefixed: false }]),
        subjectId: first.upstream.id,
      },
    },
  });
}

const progressAt = (upstream: TalkativeUpstream | undefined) =>
  upstream?.heard.filter(({ method }) => method === 'notifications/progress').map(({ params }) => params) ?? [];

describe('[RLY-20] progress of a client about a question', () => {
  it.each([
    ['/mcp', ['up-0__sample-watched', 'up-1__sample-watched']],
    ['/servers/s/mcp', ['sample-watched']],
    ['/upstreams/up-0/mcp', ['sample-watched']],
  ])('reaches the upstream that asked, under its own token (%s)', async (path, tools) => {
    for (const { heard } of upstreams) heard.length = 0;
    const { token } = grant();
    const client = await openLegacyClient(gateway.origin + path, token, { sampling: {} });
    const post = (body: Json) => openRequest(gateway.port, { path, headers: client.headers, body });
    const calls = await Promise.all(
      tools.map((name, index) => post(legacy('tools/call', { name, arguments: {} }, `call-${index}`))),
    );
    const questions = await Promise.all(calls.map((call) => call.message()));
    const tokenOf = ({ params }: Json) => ((params as Json)['_meta'] as Json)['progressToken'];
    // Both upstreams chose the same one.
    expect(new Set(questions.map(tokenOf)).size).toBe(tools.length);
    for (const [index, question] of questions.entries()) {
      const told = { progressToken: tokenOf(question), progress: index + 1, message: `step of ${index}` };
      expect((await post({ jsonrpc: '2.0', method: 'notifications/progress', params: told })).status).toBe(202);
    }
    for (const index of tools.keys()) {
      await until('it is heard', () => progressAt(upstreams[index]).length === 1);
      expect(progressAt(upstreams[index])).toEqual([
        { progressToken: 1, progress: index + 1, message: `step of ${index}` },
      ]);
    }
    const result = { role: 'assistant', content: { type: 'text', text: 'hello' }, model: 'm' };
    for (const { id } of questions) await post({ jsonrpc: '2.0', id, result });
    for (const call of calls) {
      expect(await call.message()).toMatchObject({ result: { content: [{ text: expect.stringContaining('hello') }] } });
      call.leave();
    }
    // When the question is answered nobody wants to hear more; elsewhere than on a pass-through it ends here.
    if (!path.startsWith('/upstreams/')) {
      const late = { progressToken: questions.map(tokenOf)[0], progress: 9 };
      await post({ jsonrpc: '2.0', method: 'notifications/progress', params: late });
      expect(progressAt(upstreams[0])).toHaveLength(1);
    }
    await client.close();
  });
});
