import { DomainError, type ErrorCode } from '#kernel';

const unreachable = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EHOSTDOWN',
  'ENODATA',
  'ESERVFAIL',
]);
const refused = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);
const timeout = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
/** What undici refuses to send at all. */
const unsendable = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_INVALID_RETURN_VALUE',
]);
const tls =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|PATH_LENGTH_|HOSTNAME_MISMATCH|EPROTO$)/;

function codeOf(error: unknown): string | null {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (!(error instanceof Error)) return null;
  if ('code' in error && typeof error.code === 'string') return error.code;
  // undici leaves the code of some parser errors undefined.
  if (error.name === 'HTTPParserError') return 'HPE_UNKNOWN';
  return error.cause === undefined ? null : codeOf(error.cause);
}

const text: Partial<Record<ErrorCode, string>> = {
  UPSTREAM_UNREACHABLE: 'cannot be reached (name or route). Check the host name and the network',
  UPSTREAM_REFUSED: 'refused or broke the connection. Check that the server runs and that the port is right',
  UPSTREAM_TIMEOUT: 'did not answer in time. Check the upstream, or raise GATEHOUSE_OUTBOUND_CONNECT_TIMEOUT',
  UPSTREAM_TLS: 'failed the TLS handshake. Check its certificate: host name, expiry, issuing authority',
  UPSTREAM_TOO_LARGE:
    'sent larger headers or a larger answer than is allowed. Raise GATEHOUSE_OUTBOUND_MAX_RESPONSE if it is meant',
  UPSTREAM_NOT_MCP: 'does not answer in HTTP. Check scheme and port of its address',
};

function classify(code: string): ErrorCode {
  if (refused.has(code)) return 'UPSTREAM_REFUSED';
  if (timeout.has(code)) return 'UPSTREAM_TIMEOUT';
  if (tls.test(code)) return 'UPSTREAM_TLS';
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'HPE_HEADER_OVERFLOW' || code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
    return 'UPSTREAM_TOO_LARGE';
  if (code.startsWith('HPE_')) return 'UPSTREAM_NOT_MCP';
  return 'UPSTREAM_UNREACHABLE';
}

const known = (error: unknown, depth = 0): DomainError | null => {
  if (error instanceof DomainError) return error;
  return error instanceof Error && depth < 5 ? known(error.cause, depth + 1) : null;
};

/** Whether a request was never sent because it is not one that can be: a fault on this side of the connection. */
export function isUnsendable(error: unknown): boolean {
  const code = codeOf(error);
  return code !== null && unsendable.has(code);
}

/** A URL as error texts show it: no credentials, no query. */
export const describeUrl = (url: string | URL): string => {
  const { origin, pathname } = new URL(url);
  return pathname === '/' ? origin : `${origin}${pathname}`;
};

/**
 * Turns whatever a connection failed with into the DomainError of the error table (docs/errors.md): unreachable, refused,
 * TLS, timeout, too large, blocked address. An error without a network code, or a request that cannot be sent, is a bug
 * of ours and no news of the upstream: it becomes INTERNAL.
 */
export function classifyNetworkError(error: unknown, url: string | URL): DomainError {
  const domain = known(error);
  if (domain) return domain;
  const networkCode = codeOf(error);
  if (networkCode === null)
    return new DomainError('INTERNAL', `Dialling ${describeUrl(url)} failed in an unforeseen way.`, { cause: error });
  if (unsendable.has(networkCode))
    return new DomainError('INTERNAL', `The request to ${describeUrl(url)} cannot be sent (${networkCode}).`, {
      cause: error,
      details: { networkCode },
    });
  const code = unreachable.has(networkCode) ? 'UPSTREAM_UNREACHABLE' : classify(networkCode);
  return new DomainError(code, `The upstream at ${describeUrl(url)} ${text[code] ?? 'failed'} (${networkCode}).`, {
    cause: error,
    details: { networkCode },
  });
}
