import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { until } from '#testing';
import { legacy, modern } from './gateway-harness.js';
import { gate, note, startSessionWorld, told, type SessionClient, type SessionWorld } from './session-world.js';
import { tool, type ToolScript } from './tool-scripts.js';

vi.mock('../../apps/gateway/src/pipeline/answer-call.js', async (original) => {
  const { scripted } = await import('./tool-scripts.js');
  return scripted(await original<typeof import('../../apps/gateway/src/pipeline/answer-call.js')>());
});

let world: SessionWorld;
beforeAll(async () => {
  world = await startSessionWorld(['ask', 'wait'], {
    GATEHOUSE_MCP_MAX_STREAM_BACKLOG: '64KiB',
    GATEHOUSE_MCP_SLOW_CLIENT_TIMEOUT: '150ms',
    GATEHOUSE_MCP_HEADERS_TIMEOUT: '500ms',
  });
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  world.gateway.records.length = 0;
});

/** A request as it goes over the wire, for connections that behave badly. */
function requestText(client: SessionClient, body: string, length = body.length): string {
  const host = `127.0.0.1:${world.gateway.port}`;
  const accept = 'application/json, text/event-stream';
  const headers = client.headers({
    host,
    accept,
    'content-type': 'application/json',
    'content-length': String(length),
  });
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `POST ${world.path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

describe('[SES-9] a connection that is closed', () => {
  it('does not cancel a legacy request: it goes on, and is recorded as answered', async () => {
    const client = await world.begin();
    const begun = gate();
    const go = gate();
    const gone = vi.fn();
    tool('wait', async (call) => {
      call.client.onGone(gone);
      begun.open();
      await go.opened;
      return told(call);
    });
    const socket = connect(world.gateway.port, '127.0.0.1');
    const body = JSON.stringify(legacy('tools/call', { name: 'wait', arguments: {} }));
    socket.write(requestText(client, body));
    await begun.opened;
    world.gateway.records.length = 0;
    socket.destroy();
    expect((await client.post(legacy('ping'))).status).toBe(200);
    go.open();
    await until('it is recorded', () => world.gateway.records.length === 1);
    expect(world.gateway.records[0]).toMatchObject({ outcome: 'ALLOWED' });
    expect(gone).not.toHaveBeenCalled();
  });

  it('cancels a modern request, before its stream began and after', async () => {
    for (const noisy of [true, false]) {
      const begun = gate();
      tool('wait', async (call) => {
        if (noisy) await call.client.notify(note(1));
        const gone = gate<Error>();
        call.client.onGone(gone.open);
        begun.open();
        throw await gone.opened;
      });
      const { body, headers } = modern('tools/call', { name: 'wait', arguments: {} });
      world.gateway.records.length = 0;
      const controller = new AbortController();
      const sent = fetch(world.gateway.origin + world.path, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${world.token}`,
          accept: 'text/event-stream, application/json',
          'content-type': 'application/json',
          ...headers,
        },
        body: JSON.stringify(body),
        signal: controller.signal,
      }).then((response) => response.text());
      sent.catch(() => undefined);
      await begun.opened;
      controller.abort();
      await until('it is recorded', () => world.gateway.records.length === 1);
      expect(world.gateway.records[0]).toMatchObject({ outcome: 'FAILED', details: { cancelled: true } });
    }
  });
});

describe('[SES-11] requests to the client', () => {
  const ask: ToolScript = async (call) => {
    const outcome = await call.client.ask(
      'sampling/createMessage',
      '{"max":12345678901234567890}',
      new AbortController().signal,
    );
    return told(call, { outcome });
  };

  it('are answered by id, with the text of the answer; forged, late and foreign answers are accepted and ignored', async () => {
    const client = await world.begin('2025-11-25', world.token, world.path, { sampling: {} });
    const stranger = await world.begin();
    tool('ask', ask);
    const post = await client.call('ask', 4);
    const request = await post.message();
    expect(request).toMatchObject({
      jsonrpc: '2.0',
      method: 'sampling/createMessage',
      id: expect.stringMatching(/^gh-\d+$/) as string,
    });
    expect(post.events.at(-1)?.data).toContain('12345678901234567890');
    const answer = (id: unknown) => `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"n":1.50}}`;
    for (const forged of [answer('gh-999'), answer(1), answer('')])
      expect((await client.post(forged)).status).toBe(202);
    expect((await stranger.post(answer(request['id']))).status).toBe(202);
    expect(post.events.filter(({ data }) => data)).toHaveLength(1);
    expect((await client.post(answer(request['id']))).status).toBe(202);
    expect((await client.post(answer(request['id']))).status).toBe(202);
    expect(await post.message()).toMatchObject({ id: 4, result: { outcome: { result: '{"n":1.50}' } } });
  });

  it('two at once have two ids; an error is an answer; a cancelled one is taken back', async () => {
    const client = await world.begin();
    const controller = new AbortController();
    tool('ask', async (call) => {
      const outcomes = await Promise.all([
        call.client.ask('elicitation/create', '{}', new AbortController().signal),
        call.client.ask('roots/list', '{}', controller.signal),
      ]);
      return told(call, { outcomes });
    });
    const post = await client.call('ask');
    const [first, second] = [await post.message(), await post.message()];
    expect(first['id']).not.toBe(second['id']);
    await client.post({ jsonrpc: '2.0', id: first['id'], error: { code: -1, message: 'no' } });
    controller.abort();
    expect(await post.message()).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: second['id'] },
    });
    expect(await post.message()).toMatchObject({
      result: {
        outcomes: [{ error: '{"code":-1,"message":"no"}' }, { error: expect.stringContaining('cancelled') as string }],
      },
    });
  });

  it('are given up when the session ends', async () => {
    const client = await world.begin();
    const outcome = gate<unknown>();
    tool('ask', async (call) => {
      outcome.open(await call.client.ask('roots/list', '{}', new AbortController().signal));
      return told(call);
    });
    const post = await client.call('ask');
    await post.message();
    await client.end();
    expect(await outcome.opened).toMatchObject({ error: expect.stringContaining('ended') as string });
  });
});

describe('[SES-13] slow clients', () => {
  it('one that does not read is cut off; who waits for it is let go', async () => {
    const client = await world.begin();
    const over = gate<number>();
    const line = note(0).replace('0', `"${'x'.repeat(60_000)}"`);
    tool('wait', async (call) => {
      for (let sent = 1; ; sent++) {
        const ready = call.client.notify(line);
        if (ready === undefined) continue;
        await ready;
        // Kernel buffers take some of it.
        if (world.gateway.logLines.some((text) => text.includes('too slow'))) over.open(sent);
        else continue;
        return told(call);
      }
    });
    const socket = connect(world.gateway.port, '127.0.0.1');
    socket.on('error', () => undefined);
    const body = JSON.stringify(legacy('tools/call', { name: 'wait', arguments: {} }));
    socket.pause();
    const cut = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.write(requestText(client, body));
    await over.opened;
    await until('the log tells it', () => world.gateway.logLines.some((text) => text.includes('too slow')));
    socket.resume();
    await cut;
  });

  it('slow-loris: a body that does not come is not waited for', async () => {
    const client = await world.begin();
    const socket = connect(world.gateway.port, '127.0.0.1');
    const ended = new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => (text += String(chunk)));
      socket.on('close', () => resolve(text));
    });
    socket.write(requestText(client, '{', 100));
    expect(await ended).toMatch(/^(HTTP\/1\.1 408|$)/);
    expect((await client.post(legacy('ping'))).status).toBe(200);
  });
});
