import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { Config } from '#config';
import { StdioChildren } from '#mcp';
import { NestLogger } from '#observability';
import { createAddressGuard, createUpstreamPools, type AddressGuard } from '#outbound';
import { createJobProducer, schedules, startJobRunner, type JobRunner } from '#queue';
import type { WorkerConnections, WorkerDeps } from './dependencies.js';
import { listenForHealth } from './health-listener.js';
import { processorsOf } from './processors.js';
import { watchSyncRequests } from './sync-catalog/sync-requests.js';
import { WorkerModule } from './worker.module.js';

export type { WorkerDeps } from './dependencies.js';

/** The worker while it runs. */
export interface RunningWorker {
  /** Where `/healthz` and `/readyz` answer. */
  readonly address: { readonly host: string; readonly port: number };
  /** Whether jobs are being taken. */
  ready(): boolean;
  /** From now on `/readyz` answers 503; jobs go on until {@link stop}. */
  setDraining(): void;
  /** Takes no more jobs, waits for those that run, at most `deadlineMs`, and closes everything that it opened. */
  stop(deadlineMs: number): Promise<void>;
}

/**
 * Starts the job runner and its health endpoint. It starts also while the job store is away, and takes jobs when it is
 * there.
 * @throws DomainError PORT_IN_USE, CONFIGURATION_INVALID
 */
export async function startWorker(deps: WorkerDeps): Promise<RunningWorker> {
  const { config, logger } = deps;
  // Before the port is taken: a faulty allow list is an error of the start, too.
  const guard = createAddressGuard(config.outbound.allowedHosts);
  const state: { draining: boolean; runner: JobRunner | null } = { draining: false, runner: null };
  const ready = (): boolean => !state.draining && (state.runner?.ready() ?? false);
  const listener = await listenForHealth(config.worker.host, config.worker.port, async () => {
    if (ready()) await deps.systemPool.query('select 1');
    return ready();
  });
  const connections = openConnections(deps, guard);
  const close = async (): Promise<void> => {
    const { producer, stdioChildren, upstreamPools } = connections;
    await Promise.all([producer.close(), stdioChildren.close(), upstreamPools.close()]);
    await listener.close();
  };
  try {
    const app = await NestFactory.createApplicationContext(WorkerModule.of(deps, connections), {
      logger: new NestLogger(logger),
      abortOnError: false,
    });
    const runner = startRunner(deps, processorsOf(app, deps));
    state.runner = runner;
    const requests = watchSyncRequests({
      ...{ pool: deps.systemPool, producer: connections.producer, logger },
      minSyncIntervalMs: config.catalog.minSyncInterval,
      longestPauseMs: config.worker.reconnectMaxDelay,
    });
    let stopped: Promise<void> | undefined;
    const stop = async (deadlineMs: number): Promise<void> => {
      state.draining = true;
      await Promise.all([requests.stop(deadlineMs), runner.stop(deadlineMs)]);
      await app.close();
      await close();
    };
    return {
      address: listener.address,
      ready,
      setDraining: () => void (state.draining = true),
      stop: (deadlineMs) => (stopped ??= stop(deadlineMs)),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function openConnections({ config, jobStore, logger }: WorkerDeps, guard: AddressGuard): WorkerConnections {
  return {
    producer: createJobProducer(jobStore, retryOf(config)),
    upstreamPools: createUpstreamPools({
      guard,
      connectTimeoutMs: config.outbound.connectTimeout,
      connections: config.outbound.poolConnections,
    }),
    stdioChildren: new StdioChildren({
      maxPerUpstream: config.stdio.maxChildren,
      idleMs: config.stdio.idle,
      killGraceMs: config.stdio.killGrace,
      stderrBytes: config.stdio.stderrBytes,
      onGone: (upstream, stderr) => logger.debug({ upstream, stderr }, 'a stdio child has ended'),
    }),
  };
}

const retryOf = (config: Config) => ({
  attempts: config.worker.retryAttempts,
  delayMs: config.worker.retryDelay,
});

function startRunner({ config, logger, jobStore }: WorkerDeps, processors: ReturnType<typeof processorsOf>): JobRunner {
  return startJobRunner({
    store: jobStore,
    processors,
    schedules: schedules({
      healthInterval: config.worker.healthInterval,
      syncInterval: config.worker.syncInterval,
      checkpointInterval: config.audit.checkpointInterval,
    }),
    concurrency: config.worker.concurrency,
    retry: retryOf(config),
    reconnectMaxDelayMs: config.worker.reconnectMaxDelay,
    // Runs are counted by `runObserved`, which knows whether a failed one is tried again.
    onOutcome: () => undefined,
    onTrouble: (message, error) => logger.warn({ err: error }, message),
  });
}
