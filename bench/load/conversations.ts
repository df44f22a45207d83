import { headerOf, type HttpAnswer } from './http-connection.js';
import type { LoadJob, LoadKind } from './load-job.js';

/** One request, and what is wrong with its answer (null: nothing). */
export interface Exchange {
  readonly bytes: string;
  /** It begins a session and is no part of the work. */
  readonly opening?: true | undefined;
  check(answer: HttpAnswer): string | null;
}

/** What one connection does, request after request. */
export interface Conversation {
  next(): Exchange;
  /** The request that ends its session, or null where there is none to be ended. */
  end(): string | null;
}

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
    return { bytes: this.build('tools/list', {}, id, sessionId), check: expectTools(id, this.#job.tools) };
  }

  /** Begins a session; `begun` is told its id, or null where the server gives none. */
  initialize(begun: (sessionId: string | null) => void): Exchange {
    const id = ++lastId;
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
    const check = (answer: HttpAnswer): string | null => {
      begun(headerOf(answer.head, 'mcp-session-id'));
      return expectOk(id)(answer);
    };
    return { bytes: this.build('initialize', params, id), check, opening: true };
  }

  initialized(sessionId: string | null): Exchange {
    return {
      bytes: this.build('notifications/initialized', {}, null, sessionId),
      check: (answer) => (answer.status === 202 ? null : `expected 202, got ${shown(answer)}`),
      opening: true,
    };
  }

  /** The DELETE that ends a session. */
  end(sessionId: string): string {
    return `${this.#head.replace('POST', 'DELETE')}mcp-session-id: ${sessionId}\r\ncontent-length: 0\r\n\r\n`;
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
const knownLists = new Set<string>();
function expectTools(id: number, count: number | undefined): Exchange['check'] {
  return (answer) => {
    const known = `${answer.body.length - String(id).length} ${count}`;
    if (answer.status === 200 && knownLists.has(known) && answer.body.includes(`"id":${id}`)) return null;
    const reply = parse(answer);
    const tools = reply.id === id && Array.isArray(reply.result?.tools) ? reply.result.tools.length : 0;
    if (tools === 0) return `expected a list for ${id}, got ${shown(answer)}`;
    if (count !== undefined && tools !== count) return `expected ${count} tools for ${id}, got ${tools}`;
    knownLists.add(known);
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

/** Requests that know nothing of each other. */
const without = (next: () => Exchange): Conversation => ({ next, end: () => null });

/** A whole session over and over: initialize, list, five calls; then it is left. */
function churn(requests: Requests): Conversation {
  let sessionId: string | null = null;
  let step = 0;
  return without(() => {
    const at = step++ % 8;
    // Here the beginning is a part of the work.
    if (at === 0) return { ...requests.initialize((id) => (sessionId = id)), opening: undefined };
    if (at === 1) return { ...requests.initialized(sessionId), opening: undefined };
    return at === 2 ? requests.list(sessionId) : requests.call(sessionId);
  });
}

/** Nine calls, one list. */
function mixed(requests: Requests): (sessionId?: string | null) => Exchange {
  let count = 0;
  return (sessionId = null) => (count++ % 10 === 9 ? requests.list(sessionId) : requests.call(sessionId));
}

/** One session, then work in it until the end of the run, which ends it, too: some servers keep a process for each. */
function inSession(requests: Requests, work: (sessionId: string | null) => Exchange): Conversation {
  let sessionId: string | null = null;
  let step = 0;
  return {
    next: () => {
      step += 1;
      if (step === 1) return requests.initialize((id) => (sessionId = id));
      return step === 2 ? requests.initialized(sessionId) : work(sessionId);
    },
    end: () => (sessionId === null ? null : requests.end(sessionId)),
  };
}

function denied(requests: Requests, { status, code }: LoadJob): Conversation {
  return without(() => {
    const { bytes } = requests.call();
    const check = (answer: HttpAnswer): string | null => {
      if (answer.status !== status) return `expected status ${status}, got ${shown(answer)}`;
      if (code === undefined) return null;
      return answer.body.includes(`"code":${code}`) ? null : `expected code ${code}, got ${shown(answer)}`;
    };
    return { bytes, check };
  });
}

const conversations: Readonly<Record<LoadKind, (requests: Requests, job: LoadJob) => Conversation>> = {
  call: (requests) => without(() => requests.call()),
  sleep: (requests) => without(() => requests.call()),
  list: (requests) => without(() => requests.list()),
  mixed: (requests) => without(mixed(requests)),
  churn,
  'session-call': (requests) => inSession(requests, (id) => requests.call(id)),
  'session-list': (requests) => inSession(requests, (id) => requests.list(id)),
  'session-mixed': (requests) => inSession(requests, mixed(requests)),
  deny: denied,
};

/** What each connection of a job does. */
export const conversationOf = (job: LoadJob, requests: Requests): Conversation =>
  conversations[job.kind](requests, job);
