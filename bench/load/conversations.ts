import { headerOf, type HttpAnswer } from './http-connection.js';
import type { LoadJob, LoadKind } from './load-job.js';

/** One request, and what is wrong with its answer (null: nothing). */
export interface Exchange {
  readonly bytes: string;
  check(answer: HttpAnswer): string | null;
}

/** What one connection does, request after request. */
export type Conversation = () => Exchange;

type Json = Record<string, unknown>;
interface Reply {
  readonly id?: unknown;
  readonly result?: Json & { content?: { text?: string }[]; tools?: unknown[] };
  readonly error?: { code: number };
}

const modernVersion = '2026-07-28';
const modernMeta = {
  'io.modelcontextprotocol/protocolVersion': modernVersion,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
};
let lastId = 0;

/** The JSON of an answer, also when it came as the last event of a stream. */
function textOf({ head, body }: HttpAnswer): string {
  const text = body.toString();
  if (!headerOf(head, 'content-type')?.startsWith('text/event-stream')) return text;
  return text.slice(text.lastIndexOf('data:') + 5).trim();
}

/** Builds the requests of a job, each with an id that no other request of this process has. */
export class Requests {
  readonly #job: LoadJob;
  readonly #head: string;

  constructor(job: LoadJob) {
    this.#job = job;
    const { host, pathname } = new URL(job.url);
    this.#head = [
      `POST ${pathname} HTTP/1.1`,
      `host: ${host}`,
      ...(job.token === null ? [] : [`authorization: Bearer ${job.token}`]),
      'content-type: application/json',
      'accept: application/json, text/event-stream',
      `mcp-protocol-version: ${job.era === 'modern' ? modernVersion : '2025-11-25'}`,
      '',
    ].join('\r\n');
  }

  /** A request of any method; `sessionId` for legacy clients that have one. */
  build(method: string, params: Json, id: number | null, sessionId: string | null = null): string {
    const { era } = this.#job;
    const sent = era === 'modern' ? { ...params, _meta: modernMeta } : params;
    const body = JSON.stringify({ jsonrpc: '2.0', ...(id === null ? {} : { id }), method, params: sent });
    const named = typeof params['name'] === 'string' ? `mcp-name: ${params['name']}\r\n` : '';
    const modern = era === 'modern' ? `mcp-method: ${method}\r\n${named}` : '';
    const session = sessionId === null ? '' : `mcp-session-id: ${sessionId}\r\n`;
    return `${this.#head}${modern}${session}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  }

  call(sessionId: string | null = null): Exchange {
    const { kind, size, tool } = this.#job;
    const id = ++lastId;
    if (kind === 'sleep')
      return {
        bytes: this.build('tools/call', { name: tool, arguments: { ms: size } }, id, sessionId),
        check: expectOk(id),
      };
    const mark = `${id}.`;
    const text = mark + 'x'.repeat(Math.max(0, size - mark.length));
    const bytes = this.build('tools/call', { name: tool, arguments: { text } }, id, sessionId);
    return { bytes, check: expectEcho(id, text) };
  }

  list(sessionId: string | null = null): Exchange {
    const id = ++lastId;
    return { bytes: this.build('tools/list', {}, id, sessionId), check: expectTools(id) };
  }
}

function expectOk(id: number): Exchange['check'] {
  return (answer) => {
    const reply = parse(answer);
    return reply.id === id && reply.result !== undefined ? null : `expected the answer to ${id}, got ${shown(answer)}`;
  };
}

function expectEcho(id: number, text: string): Exchange['check'] {
  return (answer) => {
    const reply = parse(answer);
    const right = reply.id === id && reply.result?.content?.[0]?.text === text;
    return right ? null : `expected the echo of ${id}, got ${shown(answer)}`;
  };
}

/** Lists are parsed only when their length is new: parsing each of 500 tools would make the client the bottleneck. */
const knownLists = new Set<number>();
function expectTools(id: number): Exchange['check'] {
  return (answer) => {
    const length = answer.body.length - String(id).length;
    if (answer.status === 200 && knownLists.has(length) && answer.body.includes(`"id":${id}`)) return null;
    const reply = parse(answer);
    if (reply.id !== id || !Array.isArray(reply.result?.tools) || reply.result.tools.length === 0)
      return `expected a list for ${id}, got ${shown(answer)}`;
    knownLists.add(length);
    return null;
  };
}

function parse(answer: HttpAnswer): Reply {
  if (answer.status !== 200) return {};
  try {
    return JSON.parse(textOf(answer)) as Reply;
  } catch {
    return {};
  }
}

const shown = (answer: HttpAnswer): string => `${answer.status} ${answer.body.toString().slice(0, 200)}`;

/** A whole session over and over: initialize, list, five calls, the end. */
function churn(requests: Requests): Conversation {
  let sessionId: string | null = null;
  let step = 0;
  return () => {
    const at = step++ % 8;
    if (at === 0) {
      const id = ++lastId;
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
      const check = (answer: HttpAnswer): string | null => {
        sessionId = headerOf(answer.head, 'mcp-session-id');
        return expectOk(id)(answer);
      };
      return { bytes: requests.build('initialize', params, id), check };
    }
    if (at === 1)
      return {
        bytes: requests.build('notifications/initialized', {}, null, sessionId),
        check: (answer) => (answer.status === 202 ? null : `expected 202, got ${shown(answer)}`),
      };
    return at === 2 ? requests.list(sessionId) : requests.call(sessionId);
  };
}

/** One session, then calls in it for ever. */
function inSession(requests: Requests): Conversation {
  const begin = churn(requests);
  let sessionId: string | null = null;
  let step = 0;
  return () => {
    step += 1;
    if (step > 2) return requests.call(sessionId);
    const { bytes, check } = begin();
    if (step === 2) return { bytes, check };
    return {
      bytes,
      check: (answer) => {
        sessionId = headerOf(answer.head, 'mcp-session-id');
        return check(answer);
      },
    };
  };
}

function denied(requests: Requests, { status, code }: LoadJob): Conversation {
  return () => {
    const { bytes } = requests.call();
    const check = (answer: HttpAnswer): string | null => {
      if (answer.status !== status) return `expected status ${status}, got ${shown(answer)}`;
      if (code === undefined) return null;
      return answer.body.includes(`"code":${code}`) ? null : `expected code ${code}, got ${shown(answer)}`;
    };
    return { bytes, check };
  };
}

function mixed(requests: Requests): Conversation {
  let count = 0;
  return () => (count++ % 10 === 9 ? requests.list() : requests.call());
}

const conversations: Readonly<Record<LoadKind, (requests: Requests, job: LoadJob) => Conversation>> = {
  call: (requests) => () => requests.call(),
  sleep: (requests) => () => requests.call(),
  list: (requests) => () => requests.list(),
  mixed,
  churn,
  'session-call': inSession,
  deny: denied,
};

/** What each connection of a job does. */
export const conversationOf = (job: LoadJob, requests: Requests): Conversation =>
  conversations[job.kind](requests, job);
