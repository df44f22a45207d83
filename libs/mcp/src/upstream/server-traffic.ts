import type { ForwardControl } from '#outbound';
import { jsonRpcError, jsonRpcResult } from '../envelope/json-rpc-error.js';
import {
  classifyMessage,
  type ClassifiedMessage,
  type JsonRpcId,
  type JsonRpcRequest,
  type JsonRpcResponse,
} from '../envelope/messages.js';
import { arrayElements } from '../json/json-text.js';
import type { RequestOutcome, ServerMessages } from './upstream-link.js';

/** Sends the answer to a request of the upstream; failures are the business of whoever gives it. */
export type SendAnswer = (text: string) => void;

/** What an upstream said: text that is no JSON, or a message (a batch is several). */
export function readServerText(text: string): readonly { readonly text: string; readonly said: ClassifiedMessage }[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  const said = classifyMessage(value);
  if (said.kind !== 'batch') return [{ text, said }];
  return arrayElements(text).map((part, at) => ({ text: part, said: classifyMessage(said.messages[at]) }));
}

/** Whether a response answers the request with this id; an error without id can only mean the one that was sent. */
export const isAnswerTo = (message: JsonRpcResponse, id: JsonRpcId): boolean =>
  message.id === id || (message.error !== undefined && (message.id ?? null) === null);

const answerText = (id: JsonRpcId, outcome: RequestOutcome): string =>
  'result' in outcome
    ? jsonRpcResult(id, outcome.result)
    : `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":${outcome.error}}`;

const refuse = (message: JsonRpcRequest): string =>
  jsonRpcError(message.id, -32601, `Nobody here can answer ${JSON.stringify(message.method.slice(0, 80))} now.`);

async function answerRequest(
  message: JsonRpcRequest,
  text: string,
  messages: ServerMessages | undefined,
  send: SendAnswer,
  control: ForwardControl | null,
): Promise<void> {
  if (message.method === 'ping') return send(jsonRpcResult(message.id, '{}'));
  if (messages === undefined) return send(refuse(message));
  // People answer such requests: meanwhile the upstream is not slow.
  control?.hold();
  try {
    send(answerText(message.id, await messages.request({ message, text })));
  } catch {
    send(jsonRpcError(message.id, -32603, 'Internal error'));
  } finally {
    control?.release();
  }
}

/**
 * Passes on what an upstream said that is no response: notifications to whoever takes them, requests to whoever answers
 * them. A promise holds the upstream up. Progress and requests start the time of their call anew.
 */
export function relayServerMessage(
  said: ClassifiedMessage,
  text: string,
  messages: ServerMessages | undefined,
  send: SendAnswer | null,
  control: ForwardControl | null,
): void | Promise<void> {
  if (said.kind === 'notification') {
    if (said.message.method === 'notifications/progress') control?.restart();
    return messages?.notification({ message: said.message, text });
  }
  if (said.kind === 'request' && send !== null) void answerRequest(said.message, text, messages, send, control);
}
