import type { IncomingHttpHeaders } from 'node:http';
import type { DomainError } from '#kernel';
import { upstreamError, type HttpConnection } from './upstream-connection.js';

/** Where a redirect points, as far as an administrator may see it: no query. */
function target(headers: IncomingHttpHeaders, connection: HttpConnection): string {
  const { location } = headers;
  if (location === undefined || !URL.canParse(location, connection.origin)) return '';
  const url = new URL(location, connection.origin);
  return ` to ${url.origin}${url.pathname}`;
}

/** The error for an HTTP status that is an answer by itself, whatever the body says; null for every other status. */
export function statusError(
  connection: HttpConnection,
  status: number,
  headers: IncomingHttpHeaders,
): DomainError | null {
  const details = { status };
  if (status >= 300 && status < 400)
    return upstreamError(
      'UPSTREAM_REDIRECT',
      connection,
      `answered with a redirect (${status})${target(headers, connection)}, which is not followed. Register the final address.`,
      details,
    );
  if (status === 401)
    return upstreamError(
      'UPSTREAM_UNAUTHORIZED',
      connection,
      'wants a credential, or another one (401). Set or replace its credential.',
      details,
    );
  if (status === 403)
    return upstreamError(
      'UPSTREAM_FORBIDDEN',
      connection,
      'refused the credential (403). Check what the credential may do.',
      details,
    );
  if (status >= 500 || status === 429)
    return upstreamError(
      'UPSTREAM_SERVER_ERROR',
      connection,
      `answered with status ${status}. Look at the log of the upstream.`,
      details,
    );
  return null;
}
