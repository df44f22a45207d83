import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { Config } from '#config';
import type { Keyring } from '#crypto';
import { StdioChildren } from '#mcp';
import type { Logger, Metrics } from '#observability';
import { UnitOfWork } from '#persistence';
import type { DatabasePool } from '#postgres';
import type { JobProducer, JobStoreSettings } from '#queue';
import type { UpstreamPools } from '#outbound';

/** What the composition root hands to the worker. */
export interface WorkerDeps {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly keyring: Keyring;
  /** Writes changes of the catalogue as `gatehouse_app`, each with its audit record. */
  readonly unitOfWork: UnitOfWork;
  /**
   * Writes what a job measured (health checks, states of operations) as `gatehouse_app`. Its audit recorder records
   * nothing: `new UnitOfWork(em, { append: async () => undefined })`. A check every 30 seconds would bury what people did.
   */
  readonly observations: UnitOfWork;
  /** The pool of `gatehouse_system`: fan-out, exports, checkpoints, housekeeping. */
  readonly systemPool: DatabasePool;
  readonly jobStore: JobStoreSettings;
  /** Absolute. */
  readonly dataDir: string;
}

/** What the worker opens by itself and closes when it stops. */
export interface WorkerConnections {
  readonly producer: JobProducer;
  readonly upstreamPools: UpstreamPools;
  readonly stdioChildren: StdioChildren;
}

/** Injection token of the frozen configuration. */
export const CONFIG = Symbol('config');
/** Injection token of the logger. */
export const LOGGER = Symbol('logger');
/** Injection token of the metrics. */
export const METRICS = Symbol('metrics');
/** Injection token of the keyring. */
export const KEYRING = Symbol('keyring');
/** Injection token of the unit of work that audits nothing; the auditing one is injected by its class. */
export const OBSERVATIONS = Symbol('observations');
/** Injection token of the pool of `gatehouse_system`. */
export const SYSTEM_POOL = Symbol('system pool');
/** Injection token of the absolute data directory. */
export const DATA_DIR = Symbol('data dir');
/** Injection token of the producer of jobs. */
export const PRODUCER = Symbol('producer');
/** Injection token of the connections to upstreams. */
export const UPSTREAM_POOLS = Symbol('upstream pools');

/** Makes the dependencies injectable everywhere in the container. */
@Global()
@Module({})
export class DependenciesModule {
  static of(deps: WorkerDeps, connections: WorkerConnections): DynamicModule {
    const providers = [
      { provide: CONFIG, useValue: deps.config },
      { provide: LOGGER, useValue: deps.logger },
      { provide: METRICS, useValue: deps.metrics },
      { provide: KEYRING, useValue: deps.keyring },
      { provide: UnitOfWork, useValue: deps.unitOfWork },
      { provide: OBSERVATIONS, useValue: deps.observations },
      { provide: SYSTEM_POOL, useValue: deps.systemPool },
      { provide: DATA_DIR, useValue: deps.dataDir },
      { provide: PRODUCER, useValue: connections.producer },
      { provide: UPSTREAM_POOLS, useValue: connections.upstreamPools },
      { provide: StdioChildren, useValue: connections.stdioChildren },
    ];
    return { module: DependenciesModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}
