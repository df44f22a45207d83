import type { Harvest } from './messages.js';
import type { FuzzRequest } from './requests.js';
import type { FuzzAnswer } from './send.js';

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isId = (id: unknown): boolean => typeof id === 'string' || Number.isSafeInteger(id);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The ids of the requests in a body, as far as anybody can read them. */
function idsOf(body: Buffer): unknown[] {
  const value = parsed(body.toString());
  return [value].flat().flatMap((one) => (isObject(one) && isId(one['id']) ? [one['id']] : []));
}

/** What is wrong with an answer object, or null. */
function faultOf(answer: unknown, ids: readonly unknown[], refused: boolean): string | null {
  if (!isObject(answer) || answer['jsonrpc'] !== '2.0') return 'no JSON-RPC';
  const { error, id, result } = answer;
  if ('result' in answer === 'error' in answer) return 'not exactly one of result and error';
  if ('result' in answer && !isObject(result)) return 'a result that is no object';
  if ('error' in answer) {
    if (!isObject(error) || !Number.isSafeInteger(error['code']) || typeof error['message'] !== 'string')
      return 'a malformed error';
    if (error['code'] === -32603) return 'an internal error';
  }
  if (refused && id === null) return null;
  return ids.some((one) => Object.is(one, id)) ? null : `an id that nobody sent: ${JSON.stringify(id)}`;
}

const eventsOf = (text: string): unknown[] =>
  text
    .split('\n\n')
    .slice(0, -1)
    .flatMap((block) => {
      const data = block.split('\n').flatMap((line) => (line.startsWith('data:') ? [line.slice(5).trimStart()] : []));
      return data.join('') === '' ? [] : [parsed(data.join('\n'))];
    });

function faultOfStream(text: string, request: FuzzRequest): string | null {
  const ids = idsOf(request.body);
  for (const message of eventsOf(text)) {
    if (!isObject(message) || message['jsonrpc'] !== '2.0') return 'an event without JSON-RPC';
    // A resumed stream carries answers to earlier requests.
    const fault = 'method' in message || request.method === 'GET' ? null : faultOf(message, ids, false);
    if (fault !== null) return `${fault}, on a stream`;
  }
  return null;
}

/** Says what is wrong with an answer; null when nothing is. */
export function judge(request: FuzzRequest, answer: FuzzAnswer): string | null {
  const { contentType, status, text, whole } = answer;
  if (status >= 500) return `status ${status}`;
  if (/node_modules|\bat [^ ]+ \(|apps\/gateway|libs\/\w+\/src/.test(text)) return 'a stack trace';
  if (request.raw !== null) return null;
  if (contentType.startsWith('text/event-stream')) return faultOfStream(text, request);
  if (!whole) return 'an answer that broke off';
  if (text === '') return null;
  if (!contentType.startsWith('application/json'))
    return status === 404 || contentType.startsWith('text/plain') ? null : `content of type ${contentType}`;
  const value = parsed(text);
  if (request.method !== 'POST' && isObject(value) && !('jsonrpc' in value)) return null;
  if (isObject(value) && 'resource' in value) return null;
  const ids = idsOf(request.body);
  for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
    // In a batch, and in what is refused as a whole, an id may be out of reach.
    const unreadable = status !== 200 || Array.isArray(value) || ids.length === 0;
    const fault = faultOf(one, ids, unreadable);
    if (fault !== null) return fault;
  }
  return null;
}

const bound = (list: unknown[], size: number): void => void list.splice(0, Math.max(0, list.length - size));

/** Keeps what an answer gave out for later requests. */
export function harvestFrom({ headers, path }: FuzzRequest, answer: FuzzAnswer, harvest: Harvest): void {
  if (answer.session !== undefined)
    harvest.sessions.push({ id: answer.session, path, authorization: String(headers['authorization']) });
  for (const [, value = ''] of answer.text.matchAll(/"(?:nextCursor|requestState|taskId)":"([^"]{1,4000})"/g))
    harvest.sealed.push(value);
  for (const [, id = ''] of answer.text.matchAll(/^id: (\S+)$/gm)) harvest.sealed.push(id);
  bound(harvest.sessions, 8);
  bound(harvest.sealed, 60);
}
