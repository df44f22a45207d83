import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  connectTo,
  eventData,
  eventStream,
  linkAnswer,
  linkRequest,
  plainClient,
  recordMessages,
  startScriptedServer,
} from '#testing';
import { openLink } from './open-link.js';
import type { ServerMessages } from './upstream-link.js';

type Json = Record<string, unknown>;

describe('a link to a legacy upstream', () => {
  it.each([
    ['closed', (response: ServerResponse) => response.end()],
    ['broken', (response: ServerResponse) => setTimeout(() => response.destroy(), 20)],
  ])('[LNK-2] goes on with a call whose stream was %s before the answer', async (_how, cut) => {
    const heard = recordMessages();
    await using server = await startScriptedServer(({ request: got, response, message }) => {
      if (got.method === 'POST') {
        cut(
          eventStream(
            response,
            `id: e1\nretry: 30\ndata: \n\n${eventData({ method: 'notifications/message', params: {} }, 'e2')}`,
          ),
        );
        return;
      }
      expect(got.headers).toMatchObject({ 'mcp-session-id': 'session-1', 'mcp-protocol-version': '2025-11-25' });
      const call = server.received.find((one) => one.message['method'] === 'tools/call');
      expect(message).toEqual({});
      if (got.headers['last-event-id'] === 'e2')
        eventStream(response, eventData({ method: 'notifications/message' }, 'e3')).end();
      else
        eventStream(response, eventData({ id: call?.message['id'], result: { after: got.headers['last-event-id'] } }));
    });
    const link = await openLink(connectTo(server.url), null, plainClient);
    await expect(linkAnswer(link.call(linkRequest(link, 'tools/call', { messages: heard.messages })))).resolves.toEqual(
      {
        after: 'e3',
      },
    );
    expect(heard.heard).toEqual(['notifications/message', 'suspended 30', 'notifications/message', 'suspended 30']);
  });

  it('[LNK-2] gives a call up whose resumption leads nowhere, and one that cannot be resumed', async () => {
    await using server = await startScriptedServer(({ request: got, response, message }) => {
      if (got.method === 'GET') response.writeHead(405).end();
      else eventStream(response, message['params'] === undefined ? '' : 'id: 1\nretry: 5\ndata:\n\n').end();
    });
    const link = await openLink(connectTo(server.url), null, plainClient);
    await expect(link.call(linkRequest(link))).rejects.toMatchObject({
      code: 'UPSTREAM_REFUSED',
      message: expect.stringMatching(/"crm".*refused to go on/),
    });
    const bare = linkRequest(link);
    const body = JSON.stringify({ jsonrpc: '2.0', id: bare.id, method: 'tools/list' });
    await expect(link.call({ ...bare, body })).rejects.toMatchObject({ code: 'UPSTREAM_NOT_MCP' });
  });

  it('[LNK-3] answers two requests that came in one chunk, a ping, and one that nobody takes', async () => {
    const heard = recordMessages();
    const answers: Json[] = [];
    let stream: ServerResponse | null = null;
    let callId: unknown;
    await using server = await startScriptedServer(({ response, message }) => {
      if (message['method'] === 'tools/call') {
        callId = message['id'];
        stream = eventStream(
          response,
          eventData({ id: 'a', method: 'sampling/createMessage', params: { big: 1 } }) +
            eventData({ id: 0, method: 'fail' }) +
            eventData({ id: 9, method: 'ping' }),
        );
        return;
      }
      answers.push(message);
      response.writeHead(202).end();
      if (answers.length === 3) stream?.end(eventData({ id: callId, result: {} }));
    });
    const link = await openLink(connectTo(server.url), null, plainClient);
    await linkAnswer(link.call(linkRequest(link, 'tools/call', { messages: heard.messages })));
    const byId = new Map(answers.map((answer) => [answer['id'], answer]));
    expect(byId.get('a')).toEqual({ jsonrpc: '2.0', id: 'a', result: { did: 'sampling/createMessage' } });
    expect(byId.get(0)).toEqual({ jsonrpc: '2.0', id: 0, error: { code: -1, message: 'no' } });
    expect(byId.get(9)).toEqual({ jsonrpc: '2.0', id: 9, result: {} });
    answers.length = 0;
    void link.call(linkRequest(link)).catch(() => undefined);
    await expect.poll(() => answers.length).toBe(3);
    expect(answers.find(({ id }) => id === 'a')).toMatchObject({ error: { code: -32601 } });
  });

  it('[LNK-6] waits longer while there is progress or people are asked, but not for ever', async () => {
    await using server = await startScriptedServer(({ response, message }) => {
      if (!('method' in message)) {
        response.writeHead(202).end();
        return;
      }
      const { id, params } = message as { id: number; params: { mode?: string; steps?: number } };
      const stream = eventStream(
        response,
        params.mode === 'ask' ? eventData({ id: 1, method: 'elicitation/create' }) : '',
      );
      let step = 0;
      const timer = setInterval(() => {
        if (step++ === params.steps) stream.end(eventData({ id, result: { step } }));
        else if (params.mode === 'progress') stream.write(eventData({ method: 'notifications/progress', params: {} }));
        else stream.write(': still here\n\n');
      }, 100);
      response.on('close', () => clearInterval(timer));
    });
    const connection = connectTo(server.url, { timeoutMs: 300, maxRequestMs: 1500 });
    const link = await openLink(connection, null, plainClient);
    const slowly: ServerMessages = {
      notification: () => undefined,
      request: () => new Promise((resolve) => setTimeout(() => resolve({ result: '{}' }), 600)),
    };
    const call = (params: Json) => link.call(linkRequest(link, 'tools/call', { params, messages: slowly }));
    await expect(linkAnswer(call({ mode: 'progress', steps: 6 }))).resolves.toEqual({ step: 7 });
    await expect(linkAnswer(call({ mode: 'ask', steps: 5 }))).resolves.toEqual({ step: 6 });
    await expect(call({ mode: 'silent', steps: 6 })).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    await expect(call({ mode: 'progress', steps: 40 })).rejects.toMatchObject({
      code: 'UPSTREAM_TIMEOUT',
      message: expect.stringContaining('GATEHOUSE_OUTBOUND_MAX_REQUEST'),
    });
  });

  it('[LNK-7] tells the upstream what it gave up, except initialize', async () => {
    await using server = await startScriptedServer(({ response, message }) => {
      if (message['method'] === 'notifications/cancelled') response.writeHead(202).end();
    });
    const link = await openLink(connectTo(server.url, { timeoutMs: 200 }), null, plainClient);
    const aborted = new AbortController();
    const first = linkRequest(link, 'tools/call', { signal: aborted.signal });
    const call = link.call(first);
    await expect.poll(() => server.methods()).toContain('tools/call');
    aborted.abort(new Error('client left'));
    await expect(call).rejects.toThrow('client left');
    const second = linkRequest(link);
    await expect(link.call(second)).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    const cancelled = () => server.received.filter(({ message }) => message['method'] === 'notifications/cancelled');
    await expect
      .poll(() => cancelled().map(({ message }) => message['params']))
      .toEqual([
        { requestId: first.id, reason: 'cancelled' },
        { requestId: second.id, reason: 'timed out' },
      ]);
    await using silent = await startScriptedServer(({ response, message }) => {
      if (message['method'] === 'server/discover') response.writeHead(404).end();
    }, 'none');
    await expect(openLink(connectTo(silent.url, { timeoutMs: 200 }), null, plainClient)).rejects.toMatchObject({
      code: 'UPSTREAM_TIMEOUT',
    });
    expect(silent.methods()).toEqual(['server/discover', 'initialize']);
  });

  it('[LNK-14] answers the upstream although calls have taken every connection', async () => {
    let stream: ServerResponse | null = null;
    let callId: unknown;
    await using server = await startScriptedServer(({ response, message }) => {
      if ('method' in message) {
        callId = message['id'];
        stream = eventStream(response, eventData({ id: 1, method: 'sampling/createMessage' }));
      } else {
        response.writeHead(202).end();
        stream?.end(eventData({ id: callId, result: { fine: true } }));
      }
    });
    const link = await openLink(connectTo(server.url, {}, 1), null, plainClient);
    const { messages } = recordMessages();
    await expect(linkAnswer(link.call(linkRequest(link, 'tools/call', { messages })))).resolves.toEqual({ fine: true });
    expect(server.methods()).toContain('tools/call');
  });

  it('[LNK-15] is not kept busy by an upstream that closes its stream at once, nor by one that asks without end', async () => {
    let gets = 0;
    let answers = 0;
    await using server = await startScriptedServer(({ request: got, response, message }) => {
      if (got.method === 'GET') {
        const questions = Array.from({ length: 500 }, (_, id) => eventData({ id, method: 'ping' }));
        eventStream(response, gets++ === 0 ? questions.join('') : 'retry: 0\ndata: {}\n\n').end('retry: 0\n\n');
      } else if ('result' in message) answers++;
      else response.writeHead(202).end();
    });
    const link = await openLink(connectTo(server.url), null, plainClient);
    link.listen();
    await expect.poll(() => gets).toBeGreaterThan(3);
    const [before, startedAt] = [gets, performance.now()];
    await expect.poll(() => performance.now() - startedAt).toBeGreaterThan(300);
    expect(gets - before).toBeLessThan(10);
    // Never answered themselves, so each of them holds a connection.
    expect(answers).toBe(100);
    await link.close();
  });

  it('[LNK-15] opens its stream again after the last event, and ends with its session', async () => {
    const heard = recordMessages();
    let streams = 0;
    let isGone = false;
    await using server = await startScriptedServer(({ request: got, response }) => {
      if (isGone || got.method !== 'GET') {
        response.writeHead(isGone ? 404 : 202).end();
        return;
      }
      streams++;
      if (streams === 1)
        eventStream(response, `retry: 10\n${eventData({ method: 'notifications/tools/list_changed' }, 'x1')}`).end();
      else eventStream(response, eventData({ id: 5, method: 'roots/list' }));
    });
    let closed = 0;
    const link = await openLink(connectTo(server.url), null, {
      ...plainClient,
      unsolicited: heard.messages,
      onClosed: () => void closed++,
    });
    link.listen();
    link.listen();
    await expect
      .poll(() => server.received.at(-1)?.text)
      .toBe('{"jsonrpc":"2.0","id":5,"result":{"did":"roots/list"}}');
    expect(heard.heard[0]).toBe('notifications/tools/list_changed');
    const gets = server.received.filter(({ request: got }) => got.method === 'GET');
    expect(gets.map(({ request: got }) => got.headers['last-event-id'])).toEqual([undefined, 'x1']);
    isGone = true;
    await expect(linkAnswer(link.call(linkRequest(link)))).resolves.toEqual({ kind: 'session-ended' });
    expect([link.closed, closed]).toEqual([true, 1]);
    await link.close();
    expect(closed).toBe(1);
  });

  it('declares what it is given, keeps the text of the handshake, and ends its session', async () => {
    await using server = await startScriptedServer(({ response }) => response.writeHead(400).end());
    const capabilities = { sampling: {}, roots: { listChanged: true } };
    const info = { name: 'someone', version: '2', title: 'Some one' };
    const link = await openLink(
      connectTo(server.url),
      { era: 'LEGACY', protocolVersion: null },
      {
        client: { info, capabilities, protocolVersion: '2025-06-18' },
      },
    );
    expect(server.received[0]?.message['params']).toEqual({
      protocolVersion: '2025-06-18',
      capabilities,
      clientInfo: info,
    });
    expect(JSON.parse(link.initializeResult ?? '')).toMatchObject({ protocolVersion: '2025-11-25' });
    expect(link.identity).toMatchObject({ era: 'LEGACY', sessionId: 'session-1', transport: 'STREAMABLE_HTTP' });
    expect([link.nextId(), link.nextId()]).toEqual([2, 3]);
    await link.close();
    expect(server.methods()).toEqual(['initialize', 'notifications/initialized', 'DELETE']);
  });
});
