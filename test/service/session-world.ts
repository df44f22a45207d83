import type { Answer, AuthorizedCall } from '../../apps/gateway/src/pipeline/calls.js';
import { textTool } from '#testing';
import { endpoint, legacy, startTestGateway, upstreamTarget } from './gateway-harness.js';
import { openRequest, type StreamClient } from './stream-client.js';

type Json = Record<string, unknown>;

/** The answer of a tool. */
export const told = (call: AuthorizedCall, result: Json = {}): Answer => ({
  status: 200,
  body: JSON.stringify({ jsonrpc: '2.0', id: call.message.id, result }),
  outcome: 'ALLOWED',
  reason: null,
});

/** A notification that belongs to a call. */
export const note = (n: number): string =>
  JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: n } });

/** A promise and its key. */
export function gate<T = void>() {
  let open: (value: T) => void = () => undefined;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { opened, open };
}

const path = '/servers/s/mcp';

/** One client with its session. */
export class SessionClient {
  constructor(
    private readonly port: number,
    readonly token: string,
    readonly id: string,
    readonly version: string,
    readonly at = path,
  ) {}

  headers(more: Record<string, string | undefined> = {}): Record<string, string | undefined> {
    return {
      authorization: `Bearer ${this.token}`,
      'mcp-session-id': this.id,
      'mcp-protocol-version': this.version >= '2025-06-18' ? this.version : undefined,
      ...more,
    };
  }

  post(body: unknown, more: Record<string, string | undefined> = {}): Promise<StreamClient> {
    return openRequest(this.port, { path: this.at, headers: this.headers(more), body });
  }

  call(tool: string, id: string | number = 1, more: Record<string, string | undefined> = {}): Promise<StreamClient> {
    return this.post(legacy('tools/call', { name: tool, arguments: {} }, id), more);
  }

  /** Opens the stream, or resumes one. */
  listen(lastEventId?: string, more: Record<string, string | undefined> = {}): Promise<StreamClient> {
    const headers = this.headers({ accept: 'text/event-stream', 'last-event-id': lastEventId, ...more });
    return openRequest(this.port, { method: 'GET', path: this.at, headers });
  }

  end(): Promise<StreamClient> {
    return openRequest(this.port, { method: 'DELETE', path: this.at, headers: this.headers() });
  }
}

/** A gateway whose endpoints `s`, `t` (virtual servers) and `/mcp` have tools that a test scripts. */
export async function startSessionWorld(tools: readonly string[], env: Record<string, string> = {}) {
  const gateway = await startTestGateway(env);
  const upstream = upstreamTarget('up', 'http://127.0.0.1:9/mcp');
  const catalogue = {
    tools: tools.map((name) => textTool(name, name, () => name)),
    resources: [],
    resourceTemplates: [],
    prompts: [],
  };
  const part = { upstream, catalogue, prefixed: false };
  const rights = () => ({
    aggregate: endpoint({ kind: 'aggregate', slug: null }, [part]),
    servers: {
      s: endpoint({ kind: 'virtual-server', slug: 's' }, [part]),
      t: endpoint({ kind: 'virtual-server', slug: 't' }, [part]),
    },
  });
  const { token, principal } = gateway.grant(rights());
  const initialize = (protocolVersion: string, by: string, at = path, capabilities: Json = {}) =>
    openRequest(gateway.port, {
      path: at,
      headers: { authorization: `Bearer ${by}` },
      body: legacy('initialize', { protocolVersion, capabilities, clientInfo: { name: 'test', version: '1' } }, 0),
    });
  /** Begins a session as a client does. */
  const begin = async (version = '2025-11-25', by = token, at = path, capabilities: Json = {}) => {
    const answer = await initialize(version, by, at, capabilities);
    await answer.ended();
    const id = answer.headers['mcp-session-id'];
    if (typeof id !== 'string') throw new Error(`no session: ${answer.status} ${answer.text}`);
    return new SessionClient(gateway.port, by, id, version, at);
  };
  return {
    gateway,
    token,
    principal,
    path,
    rights,
    initialize,
    begin,
    /** Another token with the same rights. */
    another: () => gateway.grant(rights()).token,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

export type SessionWorld = Awaited<ReturnType<typeof startSessionWorld>>;
