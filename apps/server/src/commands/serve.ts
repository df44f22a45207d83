import { loadConfig, type Config } from '#config';
import { createLogger, createMetrics, sumMetrics, type Logger, type MetricsSnapshot } from '#observability';
import { openDatabase } from '../database/open-database.js';
import { prepareSchema } from '../database/prepare-schema.js';
import { prepareDataDir } from '../embedded-postgres/prepare-data-dir.js';
import { stopInOrder } from '../shutdown/stop-in-order.js';
import { announce } from '../startup/announce.js';
import { Closers } from '../startup/closers.js';
import { composeShared } from '../startup/compose.js';
import { listenForMetrics } from '../startup/metrics-listener.js';
import { startServices, type StartedServices } from '../startup/start-services.js';
import { stopOnFault } from '../startup/stop-on-fault.js';
import { listenForStop } from '../startup/stop-signal.js';

interface Start {
  readonly config: Config;
  readonly logger: Logger;
  readonly closers: Closers;
  /** Aborted by a stop signal. */
  readonly signal: AbortSignal;
  readonly demoUpstream: string | undefined;
  /** Ends the process with exit code 1, in order. */
  fail(reason: string): void;
}

/**
 * Runs the configured services until a stop signal: database, migrations, keys, then the services; the same backwards
 * at the end (ARCHITECTURE.md §1). Answers the exit code: 1 when something broke meanwhile.
 * @param demoUpstream address of an MCP server; when given, the demo's data are made, too (apps/cli/src/demo)
 */
export async function serve({ demoUpstream }: { demoUpstream?: string | undefined }): Promise<number> {
  const config = loadConfig();
  const logger = createLogger({ level: config.log.level, service: 'gatehouse' });
  const closers = new Closers((name, error) => logger.warn({ err: error }, `closing ${name} failed`));
  const request = listenForStop(() => process.exit(1));
  const state = { failed: false };
  const fail = (reason: string): void => {
    state.failed = true;
    request.stop(reason);
  };
  stopOnFault(logger, () => fail('fault'));
  try {
    const services = await start({ config, logger, closers, signal: request.signal, demoUpstream, fail });
    await stopInOrder(services, config, logger, await request.received);
  } catch (error) {
    if (!request.signal.aborted || state.failed) throw error;
    logger.info({ reason: request.signal.reason }, 'Stopped before the start was complete.');
  } finally {
    await closers.close();
  }
  return state.failed ? 1 : 0;
}

async function start({ config, logger, closers, signal, demoUpstream, fail }: Start): Promise<StartedServices> {
  const dataDir = prepareDataDir(config.server.dataDir);
  const onLost = (reason: string): void => {
    logger.fatal({ reason }, 'The embedded PostgreSQL ended; stopping.');
    fail('database lost');
  };
  const database = await openDatabase(config, dataDir, logger, { onLost, signal });
  // It escalates by itself, and must not be left behind.
  closers.add('database', () => database.stop(), null);
  const applied = await prepareSchema(config, database, config.server.services.includes('control-plane'), signal);
  signal.throwIfAborted();
  if (applied.length > 0) logger.info({ migrations: applied }, 'The database was migrated.');
  const shared = await composeShared(config, database, dataDir, closers);
  const metrics = createMetrics();
  const metricsOfOthers: (() => Promise<MetricsSnapshot[]>)[] = [];
  const page = async () => {
    if (metricsOfOthers.length === 0) return metrics.render();
    const others = await Promise.all(metricsOfOthers.map((read) => read()));
    return sumMetrics([await metrics.snapshot(), ...others.flat()]);
  };
  const listener = config.metrics.enabled ? await listenForMetrics(config, page) : null;
  if (listener) closers.add('metrics', () => listener.close());
  const options = { config, metrics, metricsOfOthers, dataDir, database, shared, closers, signal, demoUpstream };
  const services = await startServices(options);
  announce({ config, dataDir, database, services, metrics: listener?.address });
  const { services: names } = config.server;
  const processes = names.includes('gateway') ? config.gateway.processes : 0;
  logger.info({ services: names, processes, startMs: Math.round(performance.now()) }, 'Started.');
  return services;
}
