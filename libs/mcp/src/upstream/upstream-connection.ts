import { DomainError, type ErrorCode } from '#kernel';
import type { UpstreamPools } from '#outbound';

/** Name and version by which Gatehouse introduces itself. */
export interface Implementation {
  readonly name: string;
  readonly version: string;
}

/** How to reach one upstream. */
export interface UpstreamConnection {
  /** The slug; error texts name it. */
  readonly name: string;
  readonly origin: string;
  /** Path with query. */
  readonly path: string;
  /** Sent with every request; holds the credential, so it is never logged. */
  readonly headers: Readonly<Record<string, string>>;
  readonly pools: UpstreamPools;
  readonly clientInfo: Implementation;
  /** Milliseconds for one exchange. */
  readonly timeoutMs: number;
  /** Bytes of one answer. */
  readonly maxBytes: number;
}

/** What {@link createUpstreamConnection} takes. */
export interface UpstreamConnectionOptions extends Omit<UpstreamConnection, 'origin' | 'path' | 'headers'> {
  readonly url: string;
  /** The credential, for example `{ Authorization: 'Bearer …' }`. */
  readonly credential?: Readonly<Record<string, string>>;
}

/** Prepares what does not depend on a request. Opens nothing; a URL that is not http(s) is BAD_USER_INPUT. */
export function createUpstreamConnection({ url, credential, ...rest }: UpstreamConnectionOptions): UpstreamConnection {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:'))
    throw new DomainError('BAD_USER_INPUT', 'The URL of an upstream must begin with http:// or https://.', {
      field: 'url',
    });
  const { name, version } = rest.clientInfo;
  return {
    ...rest,
    origin: parsed.origin,
    path: parsed.pathname + parsed.search,
    headers: { 'user-agent': `${name}/${version}`, ...credential },
  };
}

/** An error of the UPSTREAM_* family that names the upstream. */
export const upstreamError = (
  code: ErrorCode,
  connection: Pick<UpstreamConnection, 'name'>,
  text: string,
  details: Record<string, unknown> = {},
): DomainError =>
  new DomainError(code, `Upstream "${connection.name}" ${text}`, {
    details: { upstream: connection.name, ...details },
  });
