import { DomainError } from '#kernel';

/** A database URL taken apart, percent-decoding done; `host` with a leading slash is the folder of a Unix socket. */
export interface DatabaseUrl {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  /** The remaining query parameters, by their libpq names. */
  readonly params: ReadonlyMap<string, string>;
}

const shape = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?(\[[^\]]*\]|[^/?#:]*)(?::(\d*))?(?:\/([^?#]*))?(?:\?([^#]*))?$/i;

const known = new Set([
  'sslmode',
  'ssl',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'application_name',
  'connect_timeout',
  'options',
  // Accepted without effect: the first asks for what is done anyway, the others name libpq's own defaults.
  'uselibpqcompat',
  'gssencmode',
  'client_encoding',
]);

/** CONFIGURATION_INVALID for the setting that held the URL; never repeats the URL, which holds a password. */
export const invalidUrl = (setting: string, problem: string, cause?: unknown): DomainError =>
  new DomainError('CONFIGURATION_INVALID', `${setting}: ${problem}`, { field: setting, cause });

/**
 * Takes a `postgres://` URL apart as libpq does, with Unix sockets in either spelling
 * (`postgres://user:pw@/db?host=/folder&port=5432`, `postgres://user:pw@%2Ffolder/db`).
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 */
export function parseDatabaseUrl(url: string, setting: string): DatabaseUrl {
  const match = shape.exec(url);
  if (!match) {
    throw invalidUrl(
      setting,
      'must be one URL such as postgres://user:password@host:5432/gatehouse (special characters percent-encoded).',
    );
  }
  const decode = (text: string | undefined): string | undefined => {
    if (text === undefined || text === '') return undefined;
    try {
      return decodeURIComponent(text);
    } catch (cause) {
      throw invalidUrl(setting, 'holds a % that is not followed by two hexadecimal digits; write % as %25.', cause);
    }
  };
  const params = new Map<string, string>();
  for (const pair of (match[5] ?? '').split('&').filter((text) => text !== '')) {
    const [name, ...value] = pair.split('=');
    params.set(decode(name) ?? '', decode(value.join('=')) ?? '');
  }
  const take = (name: string): string | undefined => {
    const value = params.get(name);
    params.delete(name);
    return value === '' ? undefined : value;
  };
  const [user, ...password] = (match[1] ?? '').split(':');
  const host = take('host') ?? decode(match[2])?.replace(/^\[(.*)\]$/, '$1') ?? 'localhost';
  if (host.includes(',')) throw invalidUrl(setting, 'names several hosts; name one (a load balancer or the primary).');
  const port = Number(take('port') ?? (match[3] || '5432'));
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw invalidUrl(setting, 'the port must lie between 1 and 65535.');
  const parsed = {
    host,
    port,
    user: take('user') ?? decode(user),
    password: take('password') ?? decode(password.join(':')),
    database: take('dbname') ?? decode(match[4]),
    params,
  };
  const unknown = [...params.keys()].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw invalidUrl(
      setting,
      `the parameter ${unknown.join(', ')} is not supported; remove it. Supported: sslmode, sslrootcert, sslcert, sslkey, application_name, connect_timeout, options.`,
    );
  }
  return parsed;
}
