import { describe, expect, it } from 'vitest';
import {
  connectTo,
  eventData,
  eventStream,
  linkAnswer,
  linkRequest,
  recordMessages,
  startScriptedServer,
} from '#testing';
import type { ReplyContext } from '../bridge/reply-context.js';
import { createModernLink } from './modern-link.js';
import type { ServerMessages } from './upstream-link.js';

type Json = Record<string, unknown>;

/** A pass-through, in which nothing but the id changes. */
const asItIs: ReplyContext = {
  clientEra: 'MODERN',
  upstreamEra: 'MODERN',
  upstreamName: 'up',
  method: 'tools/call',
  clientId: 1,
  serverInfo: { name: 'gatehouse', version: '1' },
  exposeUri: null,
  verbatim: true,
};

describe('a link to a modern upstream', () => {
  it('[LNK-7] relays notifications before the answer, and closes the connection to give a call up', async () => {
    const heard = recordMessages();
    let isClosed = false;
    await using server = await startScriptedServer(({ response, message }) => {
      response.on('close', () => (isClosed = !response.writableFinished));
      const stream = eventStream(
        response,
        eventData({ method: 'notifications/progress' }) + eventData({ method: 'notifications/message' }),
      );
      if (message['method'] === 'tools/call') stream.end(eventData({ id: message['id'], result: { ok: true } }));
    });
    const link = createModernLink(connectTo(server.url), '2026-07-28');
    expect(link.nextId()).toBeNull();
    const { messages } = heard;
    await expect(linkAnswer(link.call(linkRequest(link, 'tools/call', { messages })))).resolves.toEqual({ ok: true });
    expect(heard.heard).toEqual(['notifications/progress', 'notifications/message']);
    const aborted = new AbortController();
    const call = link.call(linkRequest(link, 'prompts/get', { messages, signal: aborted.signal }));
    await expect.poll(() => heard.heard.length).toBe(4);
    aborted.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    await expect.poll(() => isClosed).toBe(true);
    expect(server.methods()).toEqual(['tools/call', 'prompts/get']);
  });

  it('[LNK-4] reads no faster than its messages are taken', async () => {
    const event = eventData({ method: 'notifications/progress', params: { text: 'x'.repeat(16_000) } });
    let written = 0;
    await using server = await startScriptedServer(({ response, message }) => {
      const stream = eventStream(response);
      const fill = (): void => {
        while (written < 4000) {
          written++;
          if (!stream.write(event)) return void stream.once('drain', fill);
        }
        stream.end(eventData({ id: message['id'], result: {} }));
      };
      fill();
    });
    const link = createModernLink(connectTo(server.url, { timeoutMs: 500 }), '2026-07-28');
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let taken = 0;
    const messages: ServerMessages = {
      notification: () => (++taken === 1 ? gate : undefined),
      request: async () => ({ result: '{}' }),
    };
    const call = link.call(linkRequest(link, 'tools/call', { messages }));
    await expect.poll(() => taken).toBe(1);
    // What the kernel buffers on both sides, and no more; longer than the time of a call, which waiting does not use up.
    let before = -1;
    await expect.poll(() => before === (before = written), { interval: 700, timeout: 10_000 }).toBe(true);
    expect([taken, written < 2000]).toEqual([1, true]);
    release();
    await call;
    expect(taken).toBe(4000);
  });

  it('[LNK-5] passes 50 MB on chunk by chunk with the id of the client, and knows how the call went', async () => {
    const filler = Buffer.from(`"${'ü\\"{[]}'.repeat(7000)}",`);
    const rounds = Math.ceil((50 * 1024 ** 2) / filler.length);
    let sent = 0;
    await using server = await startScriptedServer(({ response, message }) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"result":{"content":[');
      const fill = (): void => {
        while (sent < rounds) {
          sent++;
          if (!response.write(filler)) return void response.once('drain', fill);
        }
        response.end(`{"id":3}],"isError" : true} , "jsonrpc":"2.0", "id" : ${JSON.stringify(message['id'])} }`);
      };
      fill();
    });
    const link = createModernLink(connectTo(server.url, { maxBytes: 64 * 1024 ** 2, timeoutMs: 20_000 }), '2026-07-28');
    const reply = await link.callOrStream(linkRequest(link), 64 * 1024);
    if (reply.kind !== 'stream') throw new Error('it was held');
    let size = 0;
    let most = 0;
    let end = '';
    const passed = await reply.pipe({ ...asItIs, clientId: 'mine "1"' }, () => (chunk) => {
      size += chunk.length;
      most = Math.max(most, chunk.length);
      end = (end + chunk.toString('latin1')).slice(-80);
      return size % 50 === 0 ? new Promise((resolve) => setTimeout(resolve, 1)) : undefined;
    });
    expect(passed).toEqual({ kind: 'passed', outcome: 'tool-error' });
    expect(end.endsWith('{"id":3}],"isError" : true} , "jsonrpc":"2.0", "id" : "mine \\"1\\"" }')).toBe(true);
    expect(size).toBeGreaterThan(50 * 1024 ** 2);
    expect(most).toBeLessThan(1024 ** 2);
  });

  it('[LNK-5] holds small answers and errors, and breaks off what is no answer to the call', async () => {
    const large = 'x'.repeat(5000);
    const bodies: Json[] = [
      { result: { small: true } },
      { error: { code: -32602, message: large } },
      { id: 8, result: { large } },
      { result: { large }, id: undefined },
      { result: { large }, error: { code: 1, message: '' } },
    ];
    await using server = await startScriptedServer(({ response, message }) => {
      const body = bodies.shift() ?? {};
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id: message['id'], ...body }));
    });
    const link = createModernLink(connectTo(server.url), '2026-07-28');
    expect((await link.callOrStream(linkRequest(link), 1000)).kind).toBe('response');
    const piped = async () => {
      const reply = await link.callOrStream(linkRequest(link), 1000);
      if (reply.kind !== 'stream') throw new Error('it was held');
      return reply.pipe(asItIs, () => () => undefined);
    };
    await expect(piped()).resolves.toMatchObject({ kind: 'response', message: { error: { message: large } } });
    await expect(piped()).rejects.toMatchObject({
      code: 'UPSTREAM_NOT_MCP',
      message: expect.stringMatching(/another request/),
    });
    await expect(piped()).rejects.toMatchObject({ code: 'UPSTREAM_NOT_MCP' });
    await expect(piped()).rejects.toMatchObject({ code: 'UPSTREAM_NOT_MCP' });
  });
});
