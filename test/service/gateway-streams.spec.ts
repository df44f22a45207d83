import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { until } from '#testing';
import { legacy, modern } from './gateway-harness.js';
import { gate, note, startSessionWorld, told, type SessionWorld } from './session-world.js';
import { openRequest } from './stream-client.js';
import { tool, type ToolScript } from './tool-scripts.js';

vi.mock('../../apps/gateway/src/pipeline/answer-call.js', async (original) => {
  const { scripted } = await import('./tool-scripts.js');
  return scripted(await original<typeof import('../../apps/gateway/src/pipeline/answer-call.js')>());
});

let world: SessionWorld;
beforeAll(async () => {
  world = await startSessionWorld(['noisy', 'ask', 'wait', 'echo'], {
    GATEHOUSE_MCP_KEEP_ALIVE: '60ms',
    GATEHOUSE_MCP_REPLAY_EVENTS: '20',
  });
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  world.gateway.records.length = 0;
  tool('noisy', async (call) => {
    for (const n of [1, 2, 3]) await call.client.notify(note(n));
    return told(call, { done: true });
  });
  tool('echo', (call) => told(call));
});
type Listening = NonNullable<Parameters<ToolScript>[0]['client']['session']>;
const said = (message: Record<string, unknown>) => (message['params'] as { data?: unknown } | undefined)?.data;
const metric = async (name: string) =>
  new RegExp(`^${name} (\\d+)$`, 'm').exec((await world.gateway.metrics.render()).body)?.[1];

describe('[SES-5] the answer to a POST', () => {
  it('is JSON while nothing is said before it, and then a stream that ends with the answer', async () => {
    const client = await world.begin('2025-06-18');
    const plain = await client.call('echo', 1);
    await plain.ended();
    expect(plain.headers['content-type']).toBe('application/json');
    expect(Number(plain.headers['content-length'])).toBeGreaterThan(0);
    const stream = await client.call('noisy', 'n');
    expect(stream.status).toBe(200);
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
      'cache-control': 'no-store',
    });
    const messages = [await stream.message(), await stream.message(), await stream.message(), await stream.message()];
    expect(messages.map(said)).toEqual([1, 2, 3, undefined]);
    expect(messages[3]).toEqual({ jsonrpc: '2.0', id: 'n', result: { done: true } });
    expect(await stream.ended()).toBe('end');
    expect(stream.events).toHaveLength(4);
    expect(world.gateway.records.filter(({ action }) => action === 'tools/call')).toHaveLength(2);
  });

  it.each(['application/json', '*/*', 'text/event-stream;q=0, application/json', undefined])(
    'Accept %s: what comes before is left out',
    async (accept) => {
      const client = await world.begin();
      tool('ask', async (call) => {
        const { canAsk } = call.client;
        const outcome = await call.client.ask('ping', '{}', new AbortController().signal);
        return told(call, { canAsk, outcome });
      });
      const answer = await client.call('noisy', 1, { accept });
      await answer.ended();
      expect(JSON.parse(answer.text)).toMatchObject({ result: { done: true } });
      const asked = await client.call('ask', 1, { accept });
      await asked.ended();
      expect(JSON.parse(asked.text)).toMatchObject({
        result: { canAsk: false, outcome: { error: expect.any(String) as string } },
      });
    },
  );

  it('reaches modern and session-less clients as well, without ids', async () => {
    const { body, headers } = modern('tools/call', { name: 'noisy', arguments: {} });
    const own = { authorization: `Bearer ${world.token}` };
    const sent = [
      { path: world.path, headers: { ...own, ...headers }, body },
      { path: world.path, headers: own, body: legacy('tools/call', { name: 'noisy', arguments: {} }) },
    ];
    for (const one of sent) {
      const stream = await openRequest(world.gateway.port, one);
      expect(await stream.ended()).toBe('end');
      expect(stream.events).toHaveLength(4);
      expect(stream.events.map(({ id }) => id)).toEqual([undefined, undefined, undefined, undefined]);
    }
  });

  it('keeps messages whole that have line breaks in them', async () => {
    const client = await world.begin();
    tool('wait', async (call) => {
      await call.client.notify('{\n  "jsonrpc": "2.0",\r\n\r"method": "x"}');
      return {
        ...told(call),
        body: Buffer.from(`{"jsonrpc":"2.0",\n"id":${JSON.stringify(call.message.id)},\n"result":{}}`),
      };
    });
    const stream = await client.call('wait');
    expect(await stream.message()).toEqual({ jsonrpc: '2.0', method: 'x' });
    expect(await stream.message()).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
  });

  it('[SES-6] a batch has one stream for all its messages', async () => {
    const client = await world.begin('2025-03-26');
    const early = gate();
    tool('wait', async (call) => {
      await early.opened;
      await call.client.notify(note(9));
      return told(call, { late: true });
    });
    const call = (name: string, id: number) => legacy('tools/call', { name, arguments: {} }, id);
    const answering = client.post([
      call('echo', 1),
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      call('noisy', 2),
      call('wait', 3),
    ]);
    const stream = await answering;
    const first = await Promise.all([1, 2, 3, 4, 5].map(() => stream.message()));
    expect(new Set(first.map(({ id }) => id))).toEqual(new Set([undefined, 1, 2]));
    early.open();
    expect(said(await stream.message())).toBe(9);
    expect(await stream.message()).toMatchObject({ id: 3, result: { late: true } });
    expect(await stream.ended()).toBe('end');
  });
});

describe('[SES-4] the stream of a session', () => {
  it('is one: 409 for a second, 406 without Accept, and free again when it is left', async () => {
    const client = await world.begin();
    const before = Number(await metric('gatehouse_client_streams'));
    const stream = await client.listen();
    expect(stream.status).toBe(200);
    expect(Number(await metric('gatehouse_client_streams'))).toBe(before + 1);
    expect((await client.listen()).status).toBe(409);
    for (const accept of ['application/json', '*/*', undefined])
      expect((await client.listen(undefined, { accept })).status).toBe(406);
    stream.leave();
    await until('the stream is gone', async () => Number(await metric('gatehouse_client_streams')) === before);
    expect((await client.listen()).status).toBe(200);
  });

  it('carries what belongs to no request, and only that; it is told who listens', async () => {
    const client = await world.begin();
    const sessions: Listening[] = [];
    const heard: boolean[] = [];
    tool('wait', async (call) => {
      const { session } = call.client;
      if (session !== null) sessions.push(session);
      session?.onStream(() => heard.push(session.hasStream));
      await call.client.notify(note(1));
      return told(call);
    });
    const post = await client.call('wait');
    await post.ended();
    const [known] = sessions as [Listening];
    expect(known.hasStream).toBe(false);
    expect(known.notify(note(2))).toBe(false);
    const stream = await client.listen();
    expect(heard).toEqual([true]);
    expect(known.notify(note(3))).toBe(true);
    expect(said(await stream.message())).toBe(3);
    expect(stream.events.filter(({ data }) => data)).toHaveLength(1);
    expect(post.events.filter(({ data }) => data)).toHaveLength(2);
  });

  it('[SES-20] says nothing in comments while there is nothing to say', async () => {
    const client = await world.begin();
    const stream = await client.listen();
    await until('there are comments', () => stream.comments >= 3);
    expect(stream.events.filter(({ data }) => data)).toEqual([]);
  });
});

describe('[SES-7] resumption', () => {
  it('goes on after the event, with nothing twice and nothing of another stream', async () => {
    const client = await world.begin('2025-06-18');
    const go = [gate(), gate()];
    tool('wait', async (call) => {
      await call.client.notify(note(1));
      await call.client.notify(note(2));
      await go[0]?.opened;
      await call.client.notify(note(3));
      await go[1]?.opened;
      await call.client.notify(note(4));
      return told(call, { done: true });
    });
    const post = await client.call('wait', 5);
    const [first, second] = [await post.next(), await post.next()];
    post.leave();
    const other = await client.call('noisy', 6);
    await other.ended();
    go[0]?.open();
    const back = await client.listen(first.id);
    expect([said(await back.message()), said(await back.message())]).toEqual([2, 3]);
    // Whoever comes again takes the stream over, though nobody has noticed yet that the last connection is dead.
    const again = await client.listen(second.id);
    expect(await back.ended()).toBe('end');
    go[1]?.open();
    expect([said(await again.message()), said(await again.message())]).toEqual([3, 4]);
    expect(await again.message()).toMatchObject({ id: 5, result: { done: true } });
    expect(await again.ended()).toBe('end');
    const whole = await client.listen(other.events[0]?.id);
    expect(await whole.ended()).toBe('end');
    expect(whole.events.map(({ data }) => data)).toEqual(other.events.slice(1).map(({ data }) => data));
  });

  it('the stream of GET is resumed as well, with what was said in between', async () => {
    const client = await world.begin();
    const sessions: Listening[] = [];
    tool('wait', (call) => {
      if (call.client.session !== null) sessions.push(call.client.session);
      return told(call);
    });
    await (await client.call('wait')).ended();
    const [known] = sessions as [Listening];
    const stream = await client.listen();
    const priming = await stream.next();
    expect(priming).toMatchObject({ data: '', id: expect.any(String) as string, retry: '1000' });
    known.notify(note(1));
    const one = await stream.next();
    stream.leave();
    await until('it is left', () => !known.hasStream);
    expect(known.notify(note(2))).toBe(true);
    const back = await client.listen(one.id);
    expect(said(await back.message())).toBe(2);
    known.notify(note(3));
    expect(said(await back.message())).toBe(3);
    expect(known.hasStream).toBe(true);
  });

  it('is refused for events of others, invented and forgotten ones', async () => {
    const client = await world.begin();
    const stranger = await world.begin();
    const post = await client.call('noisy');
    await post.ended();
    const id = post.events.at(-1)?.id ?? '';
    const [stream = ''] = id.split('-');
    expect((await stranger.listen(id)).status).toBe(400);
    for (const invented of [`${stream}-99`, `${stream}-`, `${stream}--1`, 'x', '', '0-0', `${id}.`, '../1'])
      expect({ invented, status: (await client.listen(invented)).status }).toEqual({
        invented,
        status: invented === '' ? 200 : 400,
      });
    const early = post.events[1]?.id;
    for (let n = 0; n < 6; n++) await (await client.call('noisy')).ended();
    const refused = await client.listen(early);
    expect(refused.status).toBe(400);
  });
});

describe('[SES-8] polling', () => {
  it('a stream begins with an event to come back to, is left before its answer, and gives the rest to a GET', async () => {
    const client = await world.begin('2025-11-25');
    const go = gate();
    tool('wait', async (call) => {
      call.client.suspend(70);
      await go.opened;
      await call.client.notify(note(1));
      return told(call, { done: true });
    });
    const post = await client.call('wait', 8);
    const priming = await post.next();
    expect(priming.data).toBe('');
    expect(await post.ended()).toBe('end');
    expect(post.events.at(-1)).toEqual({ retry: '70' });
    const back = await client.listen(priming.id);
    expect(await back.next()).toMatchObject({ data: '' });
    go.open();
    expect(said(await back.message())).toBe(1);
    expect(await back.message()).toMatchObject({ id: 8, result: { done: true } });
    expect(await back.ended()).toBe('end');
  });

  it('older revisions and clients without session cannot be left', async () => {
    tool('wait', async (call) => {
      call.client.suspend(70);
      await call.client.notify(note(1));
      return told(call, { done: true });
    });
    const client = await world.begin('2025-06-18');
    const post = await client.call('wait');
    expect(await post.ended()).toBe('end');
    expect(post.events).toHaveLength(2);
    expect(post.events[0]?.data).not.toBe('');
  });
});
