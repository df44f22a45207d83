import { parseArgs } from 'node:util';
import { loadConfig, type Config } from '#config';
import { createLogger, createMetrics, type Logger } from '#observability';
import { openDatabase } from '../database/open-database.js';
import { prepareSchema } from '../database/prepare-schema.js';
import { prepareDataDir } from '../embedded-postgres/prepare-data-dir.js';
import { announce } from '../startup/announce.js';
import { Closers } from '../startup/closers.js';
import { composeShared } from '../startup/compose.js';
import { loadMasterKey } from '../startup/load-master-key.js';
import { listenForMetrics } from '../startup/metrics-listener.js';
import { startServices } from '../startup/start-services.js';
import { nextStopSignal } from '../startup/stop-signal.js';
import { stopInOrder } from '../shutdown/stop-in-order.js';

/**
 * Runs the configured services until a stop signal: database, migrations, keys, then the services; the same backwards
 * at the end (architecture.md §1).
 * @param options `--demo-upstream URL` also seeds the demo (apps/cli/src/demo)
 */
export async function serve(options: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...options], options: { 'demo-upstream': { type: 'string' } } });
  const config = loadConfig();
  const logger = createLogger({ level: config.log.level, service: 'gatehouse' });
  const signal = nextStopSignal(() => process.exit(1));
  const closers = new Closers((name, error) => logger.warn({ err: error }, `closing ${name} failed`));
  try {
    const services = await start(config, logger, closers, signal.trigger, values['demo-upstream']);
    const reason = await signal.received;
    await stopInOrder(services, config, logger, reason);
    return services.failed ? 1 : 0;
  } finally {
    await closers.close();
  }
}

async function start(
  config: Config,
  logger: Logger,
  closers: Closers,
  giveUp: (reason: string) => void,
  demoUpstream: string | undefined,
) {
  const dataDir = prepareDataDir(config.server.dataDir);
  const state = { failed: false };
  const database = await openDatabase(config, dataDir, logger, (reason) => {
    logger.fatal({ reason }, 'The embedded PostgreSQL ended; stopping.');
    state.failed = true;
    giveUp('database lost');
  });
  closers.add('database', () => database.stop());
  const applied = await prepareSchema(config, database, config.server.services.includes('control-plane'));
  if (applied.length > 0) logger.info({ migrations: applied }, 'The database was migrated.');
  const shared = await composeShared(config, database, loadMasterKey(config.keys.masterKey, dataDir), closers);
  const metrics = createMetrics();
  if (config.metrics.enabled) {
    const listener = await listenForMetrics(metrics, config.metrics.host, config.metrics.port);
    closers.add('metrics', () => listener.close());
  }
  const services = await startServices({ config, logger, metrics, dataDir, database, shared, closers, demoUpstream });
  announce({ config, dataDir, database, services });
  return Object.assign(state, { running: services.running });
}
