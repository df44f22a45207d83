import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls';
import { Client } from 'pg';
import { invalidUrl, parseDatabaseUrl } from './parse-database-url.js';
import { preferTlsClient } from './prefer-tls-client.js';
import { steadyClient } from './steady-client.js';
import { tlsOptions } from './tls-options.js';

/** How to reach the database and as what. Times are in milliseconds. */
export interface ConnectionSettings {
  readonly url: string;
  /** The role that every connection enters at its start (`-c role=…`); absent: the login of the URL. */
  readonly role?: string;
  /** Further run-time parameters, for example `{ search_path: 'bullmq,public' }`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Shown in `pg_stat_activity`; an `application_name` in the URL wins. */
  readonly applicationName?: string;
  /** How long one connection attempt may take; a `connect_timeout` in the URL wins. Default 5000. */
  readonly connectTimeout?: number;
  /** How long one statement may run; absent: the server's default. */
  readonly statementTimeout?: number;
  /** The setting that held the URL, for messages. Default `DATABASE_URL`. */
  readonly setting?: string;
}

/** Options that `pg.Pool`, `pg.Client` and MikroORM's `driverOptions` all take. */
export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  readonly ssl: false | TlsConnectionOptions;
  /** Command-line options of the backend: `-c role=… -c statement_timeout=…`. */
  readonly options: string | undefined;
  readonly application_name: string;
  readonly connectionTimeoutMillis: number;
  readonly keepAlive: boolean;
  readonly keepAliveInitialDelayMillis: number;
  /** The class that `pg.Pool` builds its clients with. */
  readonly Client: typeof Client;
}

/** The server splits its options at blanks; a backslash keeps one. */
const escapeOption = (value: string): string => value.replace(/[\\\s]/g, (character) => `\\${character}`);

/** Turns a database URL into explicit driver options; CONFIGURATION_INVALID when the URL cannot be honoured. */
export function connectionOptions(settings: ConnectionSettings): ConnectionOptions {
  const setting = settings.setting ?? 'DATABASE_URL';
  const url = parseDatabaseUrl(settings.url, setting);
  const tls = tlsOptions(url, setting);
  const seconds = url.params.get('connect_timeout');
  if (seconds !== undefined && !/^\d{1,4}$/.test(seconds)) {
    throw invalidUrl(setting, 'connect_timeout must be a number of seconds.');
  }
  const connectTimeout = Number(seconds ?? 0) * 1000 || (settings.connectTimeout ?? 5_000);
  const parameters = {
    ...(settings.role === undefined ? {} : { role: settings.role }),
    ...(settings.statementTimeout === undefined ? {} : { statement_timeout: String(settings.statementTimeout) }),
    ...settings.parameters,
  };
  const options = [
    url.params.get('options') ?? '',
    ...Object.entries(parameters).map(([name, value]) => `-c ${name}=${escapeOption(value)}`),
  ].filter((option) => option !== '');
  return {
    host: url.host,
    port: url.port,
    user: url.user,
    password: url.password,
    database: url.database,
    ssl: tls.ssl,
    options: options.length > 0 ? options.join(' ') : undefined,
    application_name: url.params.get('application_name') ?? settings.applicationName ?? 'gatehouse',
    connectionTimeoutMillis: connectTimeout,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    Client: steadyClient(tls.optional ? preferTlsClient(connectTimeout) : Client),
  };
}
