import type { StdioCommand } from '#config';
import type { UpstreamTransport } from '#contracts';
import { DomainError, type ErrorCode } from '#kernel';
import type { UpstreamPool, UpstreamPools } from '#outbound';
import type { StdioChildren } from '../stdio/stdio-children.js';

/** Name and version by which Gatehouse introduces itself. */
export interface Implementation {
  readonly name: string;
  readonly version: string;
}

interface AnyConnection {
  /** The slug; error texts name it. */
  readonly name: string;
  readonly clientInfo: Implementation;
  /** Milliseconds for one exchange; progress starts them anew. */
  readonly timeoutMs: number;
  /** Milliseconds for one exchange that nothing starts anew; absent: no limit. */
  readonly maxRequestMs?: number | undefined;
  /** Bytes of one answer. */
  readonly maxBytes: number;
}

/** How to reach an upstream over HTTP. */
export interface HttpConnection extends AnyConnection {
  readonly transport: Exclude<UpstreamTransport, 'STDIO'>;
  readonly origin: string;
  /** Path with query. */
  readonly path: string;
  /** Sent with every request; holds the credential, so it is never logged. */
  readonly headers: Readonly<Record<string, string>>;
  readonly pools: UpstreamPools;
  /** Names the upstream's own connections in `pools`. */
  readonly poolKey: string;
  readonly sidePoolKey: string;
  readonly connectTimeoutMs?: number | undefined;
  /** Milliseconds from sending a request to the first byte of the answer. */
  readonly headersTimeoutMs?: number | undefined;
}

/** How to run an upstream as a child process. */
export interface StdioConnection extends AnyConnection {
  readonly transport: 'STDIO';
  /** Counts the processes of this upstream: its id. */
  readonly key: string;
  /** From the allow list. */
  readonly command: StdioCommand;
  readonly children: StdioChildren;
}

/** How to reach one upstream. */
export type UpstreamConnection = HttpConnection | StdioConnection;

/** What {@link createUpstreamConnection} takes. */
export interface UpstreamConnectionOptions extends AnyConnection {
  readonly url: string;
  /** Default STREAMABLE_HTTP. */
  readonly transport?: HttpConnection['transport'];
  readonly pools: UpstreamPools;
  /** The upstream's id: upstreams with different keys share no connection. Default: the origin. */
  readonly key?: string;
  readonly connectTimeoutMs?: number | undefined;
  readonly headersTimeoutMs?: number | undefined;
  /** Headers that every request carries. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The credential, for example `{ Authorization: 'Bearer …' }`. */
  readonly credential?: Readonly<Record<string, string>>;
}

/** Prepares what does not depend on a request. Opens nothing; a URL that is not http(s) is BAD_USER_INPUT. */
export function createUpstreamConnection(options: UpstreamConnectionOptions): HttpConnection {
  const { url, credential, key = '', transport = 'STREAMABLE_HTTP', headers, ...rest } = options;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:'))
    throw new DomainError('BAD_USER_INPUT', 'The URL of an upstream must begin with http:// or https://.', {
      field: 'url',
    });
  const { name, version } = rest.clientInfo;
  const poolKey = `${key} ${parsed.origin} ${rest.connectTimeoutMs ?? ''}`;
  return {
    ...rest,
    transport,
    origin: parsed.origin,
    path: parsed.pathname + parsed.search,
    headers: { 'user-agent': `${name}/${version}`, ...headers, ...credential },
    poolKey,
    sidePoolKey: `${poolKey} aside`,
  };
}

/** What {@link createStdioConnection} takes. */
export interface StdioConnectionOptions extends Omit<StdioConnection, 'transport' | 'command'> {
  /** The name that the upstream's row gives. */
  readonly command: string | null;
  /** The allow list (setting `stdio.commands`). */
  readonly commands: Readonly<Record<string, StdioCommand>>;
}

/** Prepares a stdio upstream. Starts nothing; a command outside the allow list is UPSTREAM_COMMAND_NOT_ALLOWED. */
export function createStdioConnection({ command, commands, ...rest }: StdioConnectionOptions): StdioConnection {
  const allowed = command !== null && Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (allowed === undefined)
    throw upstreamError(
      'UPSTREAM_COMMAND_NOT_ALLOWED',
      rest,
      `names the command ${JSON.stringify(command)}, which is not in the list of allowed commands here. Add it to the file that GATEHOUSE_STDIO_COMMANDS names, on every process, and start them again.`,
    );
  return { ...rest, transport: 'STDIO', command: allowed };
}

/** For code that knows that an upstream is reached over HTTP. */
export function overHttp(connection: UpstreamConnection): HttpConnection {
  if (connection.transport !== 'STDIO') return connection;
  throw new DomainError('INTERNAL', `Upstream "${connection.name}" is not reached over HTTP.`);
}

/** The connections for calls. */
export const poolOf = ({ pools, origin, poolKey, connectTimeoutMs }: HttpConnection): UpstreamPool =>
  pools.for(origin, poolKey, connectTimeoutMs === undefined ? undefined : { connectTimeoutMs });

/**
 * The connections for what must not wait behind calls, because calls may wait for it: answers and notifications to the
 * upstream, and streams that stay open.
 */
export const sidePoolOf = ({ pools, origin, sidePoolKey, connectTimeoutMs }: HttpConnection): UpstreamPool =>
  pools.for(origin, sidePoolKey, {
    connections: null,
    ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
  });

/** An error of the UPSTREAM_* family that names the upstream. */
export const upstreamError = (
  code: ErrorCode,
  connection: { readonly name: string },
  text: string,
  details: Record<string, unknown> = {},
  cause?: unknown,
): DomainError =>
  new DomainError(code, `Upstream "${connection.name}" ${text}`, {
    details: { upstream: connection.name, ...details },
    cause,
  });
