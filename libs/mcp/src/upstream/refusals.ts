import type { DomainError } from '#kernel';
import { isObject, type JsonRpcErrorBody } from '../envelope/messages.js';
import { LEGACY_VERSIONS } from '../era/protocol-versions.js';
import { upstreamError } from './upstream-connection.js';

/** The upstream answered a request of ours with a JSON-RPC error. */
export class UpstreamRpcError extends Error {
  constructor(
    readonly status: number,
    readonly body: JsonRpcErrorBody,
  ) {
    super(body.message);
    this.name = 'UpstreamRpcError';
  }
}

/** The error for an upstream whose revisions are all unknown. */
export const unsupportedVersion = (
  connection: { readonly name: string },
  versions: readonly string[],
  cause?: unknown,
): DomainError =>
  upstreamError(
    'UPSTREAM_UNSUPPORTED_VERSION',
    connection,
    `speaks only MCP ${versions.map((version) => JSON.stringify(version.slice(0, 40))).join(', ')}. Upgrade it to one of 2026-07-28, ${LEGACY_VERSIONS.join(', ')}.`,
    { versions: versions.map((version) => version.slice(0, 40)) },
    cause,
  );

/** A JSON-RPC error of the upstream as the DomainError of the error table; its cause is the error itself. */
export function refusalError(
  connection: { readonly name: string },
  error: UpstreamRpcError,
  doing: string,
): DomainError {
  const { code, data } = error.body;
  const supported = code === -32022 && isObject(data) && Array.isArray(data['supported']) ? data['supported'] : null;
  if (supported) return unsupportedVersion(connection, supported.map(String), error);
  return upstreamError(
    'UPSTREAM_NOT_MCP',
    connection,
    `refused ${doing} with error ${code}: ${error.body.message.slice(0, 200)}. Check that its address is an MCP endpoint and that it is set up.`,
    { jsonRpcCode: code, status: error.status },
    error,
  );
}
