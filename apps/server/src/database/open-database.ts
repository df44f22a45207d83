import type { Config } from '#config';
import type { Logger } from '#observability';
import { waitForDatabase } from '#postgres';
import { startEmbeddedPostgres } from '../embedded-postgres/start-embedded-postgres.js';

/** The database that this process works with: its three logins, and how to let go of it. */
export interface Database {
  readonly ownerUrl: string;
  readonly appUrl: string;
  readonly systemUrl: string;
  /** Whether this process runs the server itself. */
  readonly embedded: boolean;
  stop(): Promise<void>;
}

/** What to do while, and after, the database opens. */
export interface OpenOptions {
  /** Called when the embedded server ends although nobody stopped it. */
  readonly onLost?: (reason: string) => void;
  /** Ends the wait for a database that does not answer yet. */
  readonly signal?: AbortSignal;
}

/**
 * Starts the embedded PostgreSQL, or waits for the configured one to answer.
 * @throws DomainError DATABASE_UNAVAILABLE, DATA_DIR_IN_USE, DATA_DIR_UNUSABLE
 */
export async function openDatabase(
  config: Config,
  dataDir: string,
  logger: Logger,
  { onLost = () => undefined, signal }: OpenOptions = {},
): Promise<Database> {
  const { url } = config.database;
  if (!url) {
    const server = await startEmbeddedPostgres({
      dataDir,
      log: { debug: (message) => logger.debug(message), warn: (message) => logger.warn(message) },
      onUnexpectedExit: onLost,
      signal,
    });
    return {
      ownerUrl: server.url,
      appUrl: server.url,
      systemUrl: server.url,
      embedded: true,
      stop: () => server.stop(),
    };
  }
  const ownerUrl = config.database.ownerUrl ?? url;
  await waitForDatabase(
    { url, connectTimeout: config.database.connectTimeout, applicationName: 'gatehouse-start' },
    config.database.startTimeout,
    signal,
  );
  return {
    ownerUrl,
    appUrl: config.database.appUrl ?? url,
    systemUrl: config.database.systemUrl ?? url,
    embedded: false,
    stop: async () => undefined,
  };
}
