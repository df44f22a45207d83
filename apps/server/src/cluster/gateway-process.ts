import cluster from 'node:cluster';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunningGateway } from '../../../gateway/src/bootstrap.js';
import { DomainError } from '#kernel';
import { createLogger, createMetrics, type Logger, type Metrics } from '#observability';
import { Closers } from '../startup/closers.js';
import { composeShared } from '../startup/compose.js';
import { stopOnFault } from '../startup/stop-on-fault.js';
import type { FromProcess, ProcessSettings, ToProcess } from './messages.js';

// The program of one gateway process. The primary forks it, tells it its settings by message and outlives it.

/** After the primary has died nobody accepts connections for us; calls under way get this long. */
const orphanMs = 5000;

/** Why this process ends, and how much time the calls under way have. */
interface Stop {
  readonly deadlineMs: number;
  readonly exitCode: number;
}

const tell = (message: FromProcess): Promise<void> =>
  new Promise((resolve) => {
    if (process.connected) process.send?.(message, () => resolve());
    else resolve();
  });

async function open(
  { config, database, dataDir, processNumber }: ProcessSettings,
  logger: Logger,
  metrics: Metrics,
  closers: Closers,
): Promise<RunningGateway> {
  const { startGateway } = await import('../../../gateway/src/bootstrap.js');
  const shared = await composeShared(config, { ...database, stop: async () => undefined }, dataDir, closers);
  const { keyring, systemConnection, systemPool } = shared;
  return startGateway({
    ...{ config, logger, metrics, keyring, systemPool, systemConnection, dataDir, processNumber },
    // Looked up by name: the primary makes it while we start.
    defaultOrganizationId: null,
  });
}

/** Serves until told to stop; answers the exit code. */
async function serve(settings: ProcessSettings, stopped: Promise<Stop>, started: Started): Promise<number> {
  const { config, processNumber } = settings;
  const logger = createLogger({ level: config.log.level, service: 'gateway' }).child({ process: processNumber });
  const closers = new Closers((name, error) => logger.warn({ err: error }, `closing ${name} failed`));
  started.onLogger(logger);
  const metrics = createMetrics();
  try {
    const gateway = await open(settings, logger, metrics, closers);
    started.onOpen(gateway, metrics);
    await tell({ type: 'ready', address: gateway.address });
    const { deadlineMs, exitCode } = await stopped;
    await gateway.stop(deadlineMs);
    await tell({ type: 'metrics', snapshot: await metrics.snapshot() });
    return exitCode;
  } catch (error) {
    const known = error instanceof DomainError ? error : new DomainError('INTERNAL', String(error), { cause: error });
    logger.error({ err: error }, 'The gateway process failed.');
    await tell({ type: 'failed', code: known.code, message: known.message, field: known.field });
    return 1;
  } finally {
    await closers.close();
  }
}

/** Hears how far the start has come. */
interface Started {
  onLogger(logger: Logger): void;
  onOpen(gateway: RunningGateway, metrics: Metrics): void;
}

function run(): void {
  let gateway: RunningGateway | null = null;
  let metrics: Metrics | null = null;
  let settings: ProcessSettings | null = null;
  let draining = false;
  const stop = Promise.withResolvers<Stop>();
  const drain = () => {
    draining = true;
    gateway?.setDraining();
  };
  const started: Started = {
    onLogger: (logger) => stopOnFault(logger, () => stop.resolve({ deadlineMs: 0, exitCode: 1 })),
    onOpen: (open, measured) => {
      gateway = open;
      metrics = measured;
      if (draining) open.setDraining();
    },
  };
  process.on('message', (message: ToProcess) => {
    if (message.type === 'start') {
      settings = message.settings;
      void serve(message.settings, stop.promise, started).then((code) => process.exit(code));
    } else if (message.type === 'drain') drain();
    else if (message.type === 'stop') stop.resolve({ deadlineMs: message.deadlineMs, exitCode: 0 });
    else void metrics?.snapshot().then((snapshot) => tell({ type: 'metrics', snapshot }));
  });
  // The terminal tells everybody at once; when we stop is the primary's to say.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  // Somebody wants this process to be replaced, or a supervisor tells all of them.
  process.on('SIGTERM', () => {
    drain();
    const { drainDelay, drainTimeout } = settings?.config.server ?? { drainDelay: 0, drainTimeout: 0 };
    void delay(drainDelay).then(() => stop.resolve({ deadlineMs: drainTimeout, exitCode: 0 }));
  });
  cluster.worker?.on('disconnect', () => {
    // Without this Node ends the process at once, and the records of the last calls with it.
    if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
    if (settings === null) process.exit(1);
    drain();
    stop.resolve({ deadlineMs: Math.min(orphanMs, settings.config.server.drainTimeout), exitCode: 1 });
  });
}

run();
