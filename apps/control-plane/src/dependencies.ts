import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { Config } from '#config';
import type { JobPayload, QueueName } from '#contracts';
import type { Keyring } from '#crypto';
import type { Clock } from '#kernel';
import type { Logger, Metrics } from '#observability';
import { IdentityStore, SessionStore, UnitOfWork } from '#persistence';
import type { DatabasePool } from '#postgres';
import { RefusalLog } from './refusals/refusal-log.js';

/** Adds background jobs; `#queue` implements it. */
export abstract class JobQueue {
  /** Adds a job; with `once`, a job of the same queue and key that has not ended takes its place. */
  abstract enqueue<Q extends QueueName>(
    queue: Q,
    payload: JobPayload<Q>,
    options: { readonly requestId: string; readonly once?: string },
  ): Promise<void>;
}

/** What the composition root hands to the control plane. */
export interface ControlPlaneDeps {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly keyring: Keyring;
  readonly clock: Clock;
  /** Reads and writes as `gatehouse_app`. */
  readonly unitOfWork: UnitOfWork;
  /** Looks up credentials as `gatehouse_system`. */
  readonly identities: IdentityStore;
  readonly sessions: SessionStore;
  /** The pool of `gatehouse_system`; also answers whether the database is reachable. */
  readonly systemPool: DatabasePool;
  readonly jobs: JobQueue;
}

/** Injection token of the frozen configuration. */
export const CONFIG = Symbol('config');
/** Injection token of the keyring. */
export const KEYRING = Symbol('keyring');
/** Injection token of the clock. */
export const CLOCK = Symbol('clock');
/** Injection token of the logger. */
export const LOGGER = Symbol('logger');
/** Injection token of the URLs under which the outside world reaches the services. */
export const PUBLIC_URLS = Symbol('public urls');

/** Origins without trailing slash; never derived from a request. */
export interface PublicUrls {
  readonly controlPlane: string;
  readonly gateway: string;
}

/** Makes the dependencies injectable everywhere in the container. */
@Global()
@Module({})
export class DependenciesModule {
  static of(deps: ControlPlaneDeps, publicUrls: PublicUrls, refusals: RefusalLog): DynamicModule {
    const providers = [
      { provide: CONFIG, useValue: deps.config },
      { provide: KEYRING, useValue: deps.keyring },
      { provide: CLOCK, useValue: deps.clock },
      { provide: LOGGER, useValue: deps.logger },
      { provide: PUBLIC_URLS, useValue: publicUrls },
      { provide: UnitOfWork, useValue: deps.unitOfWork },
      { provide: IdentityStore, useValue: deps.identities },
      { provide: SessionStore, useValue: deps.sessions },
      { provide: JobQueue, useValue: deps.jobs },
      { provide: RefusalLog, useValue: refusals },
    ];
    return { module: DependenciesModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}
