import { InitializeResultSchema } from '@modelcontextprotocol/sdk/types.js';
import type { UpstreamTransport } from '#contracts';
import { isObject, type JsonRpcId, type JsonRpcResponse } from '../envelope/messages.js';
import { LATEST_LEGACY_VERSION } from '../era/protocol-versions.js';
import { UpstreamRpcError } from './refusals.js';
import { upstreamError } from './upstream-connection.js';
import type { UpstreamIdentity } from './upstream-identity.js';
import type { LinkOptions } from './upstream-link.js';

/** The notification that ends a legacy handshake. */
export const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}';

/** The request that begins a legacy conversation. */
export const initializeRequest = (
  id: JsonRpcId,
  { info, capabilities, protocolVersion }: LinkOptions['client'],
): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'initialize',
    params: { protocolVersion: protocolVersion ?? LATEST_LEGACY_VERSION, capabilities, clientInfo: info },
  });

const clean = (connection: { readonly name: string }, sessionId: string | null): string | null => {
  if (sessionId !== null && !/^[\x21-\x7e]{1,1024}$/.test(sessionId))
    throw upstreamError(
      'UPSTREAM_NOT_MCP',
      connection,
      'sent a session id that is not visible ASCII (2025-11-25, Session Management).',
    );
  return sessionId;
};

/**
 * What an upstream's answer to `initialize` says. Throws UpstreamRpcError when it refused. Whether its revision is spoken
 * here is for the caller to judge, who may have to end the session first.
 */
export function readInitializeAnswer(
  connection: { readonly name: string },
  answer: { readonly status: number; readonly message: JsonRpcResponse; readonly sessionId: string | null },
  transport: UpstreamTransport,
): UpstreamIdentity {
  const { error, result = {} } = answer.message;
  if (error) throw new UpstreamRpcError(answer.status, error);
  if (!InitializeResultSchema.safeParse(result).success)
    throw upstreamError(
      'UPSTREAM_NOT_MCP',
      connection,
      'answered initialize with something that is no initialize result. Check that its address is an MCP endpoint.',
    );
  return {
    era: 'LEGACY',
    protocolVersion: String(result['protocolVersion']),
    sessionId: clean(connection, answer.sessionId),
    serverInfo: isObject(result['serverInfo']) ? result['serverInfo'] : null,
    capabilities: isObject(result['capabilities']) ? result['capabilities'] : {},
    instructions: typeof result['instructions'] === 'string' ? result['instructions'] : null,
    transport,
  };
}
