import { describe, expect, it } from 'vitest';
import type { JsonObject, RawMessage, JsonRpcNotification } from '#mcp';
import { AskedQuestions } from './asked-questions.js';
import { CallMessages, type CallTraffic } from './call-messages.js';
import type { ClientPort } from './client-port.js';
import { mostAsked } from './server-asks.js';

const notification = (method: string, params: JsonObject): RawMessage<JsonRpcNotification> => {
  const message = { jsonrpc: '2.0', method, params } as const;
  return { message, text: JSON.stringify(message) };
};

/** One call whose client wants everything, can be asked everything, and takes what it is told when `taken` resolves. */
function callOf(given: Partial<CallTraffic>, taken?: Promise<void>) {
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
    ask: (method) => {
      asked.push(method);
      return new Promise(() => undefined);
    },
    pass: () => null,
    suspend: () => undefined,
    onGone: () => undefined,
  };
  const traffic: CallTraffic = {
    clientEra: 'LEGACY',
    upstreamEra: 'LEGACY',
    passThrough: false,
    shared: false,
    exposure: { exposeUri: null, exposeTask: (id) => `sealed-${id}` },
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
