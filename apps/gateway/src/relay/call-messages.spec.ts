import { describe, expect, it } from 'vitest';
import type { JsonObject, RawMessage, JsonRpcNotification, RequestOutcome } from '#mcp';
import type { ClientSession } from '../sessions/client-session.js';
import type { LinkEntry } from '../upstream-pool/link-entry.js';
import { AskedQuestions } from './asked-questions.js';
import { CallMessages, type CallTraffic } from './call-messages.js';
import type { ClientPort } from './client-port.js';
import type { ServerNames } from './exposure.js';
import { LinkMessages } from './link-messages.js';
import { mostAsked } from './server-asks.js';

const notification = (method: string, params: JsonObject): RawMessage<JsonRpcNotification> => {
  const message = { jsonrpc: '2.0', method, params } as const;
  return { message, text: JSON.stringify(message) };
};

const names: ServerNames = {
  exposeUri: (uri) => `p:${uri}`,
  exposeTask: (id) => `sealed-${id}`,
  originalUri: (uri) => uri.replace(/^p:/, ''),
  originalTask: (id) => id.replace(/^sealed-/, ''),
};
type Answering = (params: string, tell?: (text: string) => void) => RequestOutcome;

/** One call whose client wants everything, can be asked everything, and takes what it is told when `taken` resolves. */
function callOf(given: Partial<CallTraffic>, taken?: Promise<void>, answering?: Answering) {
  const told: string[] = [];
  const asked: string[] = [];
  const client: ClientPort = {
    capabilities: { elicitation: {}, sampling: {}, roots: {} },
    info: null,
    logLevel: null,
    session: null,
    canAsk: true,
    notify: (text) => {
      told.push(text);
      return taken;
    },
    ask: (_method, params, _signal, tell) => {
      asked.push(params);
      return answering === undefined ? new Promise(() => undefined) : Promise.resolve(answering(params, tell));
    },
    pass: () => null,
    suspend: () => undefined,
    cut: () => undefined,
    onGone: () => undefined,
  };
  const traffic: CallTraffic = {
    clientEra: 'LEGACY',
    upstreamEra: 'LEGACY',
    passThrough: false,
    shared: false,
    exposure: names,
    clientToken: 7,
    abortSignal: new AbortController().signal,
    inputTimeoutMs: 60_000,
    park: null,
    listChanged: () => undefined,
    notifyUpstream: () => undefined,
    ...given,
  };
  const messages = new CallMessages(traffic, client, 7);
  const ask = (id: number) => {
    const message = { jsonrpc: '2.0', id, method: 'elicitation/create', params: { message: 'Who?' } } as const;
    return messages.request({ message, text: JSON.stringify(message) });
  };
  return { messages, told, asked, ask };
}

const progress = (value: number) => notification('notifications/progress', { progressToken: 7, progress: value });

describe('the messages of a call on a process that principals share', () => {
  it('never bring what may be about the call of somebody else', async () => {
    const { messages, told, asked, ask } = callOf({ shared: true });
    void messages.notification(notification('notifications/message', { level: 'error', data: 'of another user' }));
    void messages.notification(notification('notifications/tasks/status', { taskId: 'of another user' }));
    expect(await ask(1)).toMatchObject({ error: expect.stringContaining('-32601') });
    expect([told, asked]).toEqual([[], []]);
    void messages.notification(progress(1));
    expect(told).toHaveLength(1);
  });

  it('do not wait for a client that reads slowly: the others would wait with it', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { messages, told } = callOf({ shared: true }, promise);
    expect([messages.notification(progress(1)), messages.notification(progress(2))]).toEqual([undefined, undefined]);
    expect(told).toHaveLength(1);
    resolve();
    await promise;
    void messages.notification(progress(3));
    expect(told).toHaveLength(2);
  });

  it('wait for it where nobody else does', () => {
    const { messages } = callOf({}, new Promise(() => undefined));
    expect(messages.notification(progress(1))).toBeInstanceOf(Promise);
  });
});

describe('the questions of an upstream', () => {
  const meta = (taskId: string) => ({ 'io.modelcontextprotocol/related-task': { taskId } });
  const link = (uri: string) => ({ type: 'resource_link', uri });
  const sampling = (taskId: string, uri: string) => ({ messages: [{ content: link(uri) }], _meta: meta(taskId) });
  const answer = (taskId: string, uri: string) =>
    JSON.stringify({ model: 'm', content: link(uri), _meta: meta(taskId) });
  const question = {
    jsonrpc: '2.0',
    id: 1,
    method: 'sampling/createMessage',
    params: sampling('1', 'x:'),
  } as const;
  const raw = { message: question, text: JSON.stringify(question) };

  it('[EXP-1] [EXP-3] name things as the client knows them, the answers as the upstream does, within a call', async () => {
    const notified: string[] = [];
    const { asked, messages } = callOf({ notifyUpstream: (text) => notified.push(text) }, undefined, (params, tell) => {
      tell?.(JSON.stringify({ method: 'notifications/progress', params: { _meta: meta('sealed-1') } }));
      return { result: answer('sealed-1', JSON.parse(params).messages[0].content.uri) };
    });
    expect(await messages.request(raw)).toEqual({ result: answer('1', 'x:') });
    expect(asked).toEqual([JSON.stringify(sampling('sealed-1', 'p:x:'))]);
    expect(notified).toEqual([JSON.stringify({ method: 'notifications/progress', params: { _meta: meta('1') } })]);
  });

  it('[EXP-1] [EXP-3] and while it is parked', async () => {
    const parked: string[] = [];
    const { messages } = callOf({
      park: ({ paramsText }) => {
        parked.push(paramsText);
        return Promise.resolve({ result: answer('sealed-1', 'p:x:') });
      },
    });
    expect(await messages.request(raw)).toEqual({ result: answer('1', 'x:') });
    expect(parked).toEqual([JSON.stringify(sampling('sealed-1', 'p:x:'))]);
  });

  it('[EXP-1] [EXP-3] and outside of any call', async () => {
    const asked: string[] = [];
    const session = {
      capabilities: { sampling: {} },
      ask: (_method: string, params: string) => {
        asked.push(params);
        return Promise.resolve({ result: answer('sealed-1', 'p:x:') });
      },
    } as unknown as ClientSession;
    const entry = { calls: new Map() } as unknown as LinkEntry;
    const traffic = { session, exposure: names, passThrough: false, inputTimeoutMs: 60_000, shared: false };
    const messages = new LinkMessages(entry, { ...traffic, listChanged: () => undefined });
    expect(await messages.request(raw)).toEqual({ result: answer('1', 'x:') });
    expect(asked).toEqual([JSON.stringify(sampling('sealed-1', 'p:x:'))]);
  });

  it('are bounded for each call, whatever ids they have', async () => {
    const { asked, ask } = callOf({});
    for (let one = 0; one < mostAsked; one++) void ask(1);
    expect(await ask(1)).toMatchObject({ error: expect.stringContaining('-32603') });
    expect(asked).toHaveLength(mostAsked);
  });

  it('are bounded while a call is parked', async () => {
    const questions = new AskedQuestions();
    const question = { method: 'roots/list', params: {}, paramsText: '{}' };
    for (let one = 0; one < mostAsked; one++) void questions.ask(question);
    expect(await questions.ask(question)).toMatchObject({ error: expect.stringContaining('-32603') });
    expect(questions.open).toHaveLength(mostAsked);
  });
});
