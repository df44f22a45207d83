import { createKeyring, type Keyring } from '#crypto';
import { TransactionalRecorder } from '#audit';
import type { Config } from '#config';
import { assertMasterKey, createOrm, masterKeyFingerprint, UnitOfWork } from '#persistence';
import { APP_ROLE, createPool, SYSTEM_ROLE, type ConnectionSettings, type DatabasePool } from '#postgres';
import { createJobProducer, type JobProducer, type JobStoreSettings, type RetryPolicy } from '#queue';
import type { Database } from '../database/open-database.js';
import type { Closers } from './closers.js';
import { loadMasterKey } from './load-master-key.js';

/** What the services of one process share: keys, pools and the job store. */
export interface Shared {
  readonly keyring: Keyring;
  readonly systemConnection: ConnectionSettings;
  readonly systemPool: DatabasePool;
  readonly jobStore: JobStoreSettings;
  readonly retry: RetryPolicy;
}

/**
 * Opens what every service needs and proves that the master key fits the database.
 * @throws DomainError WRONG_MASTER_KEY
 */
export async function composeShared(
  config: Config,
  database: Database,
  dataDir: string,
  closers: Closers,
): Promise<Shared> {
  const { connectTimeout, statementTimeout } = config.database;
  const systemConnection = {
    url: database.systemUrl,
    role: SYSTEM_ROLE,
    applicationName: 'gatehouse-system',
    connectTimeout,
    statementTimeout,
  };
  const systemPool = createPool({ ...systemConnection, max: config.database.systemPoolMax });
  closers.add('system pool', () => systemPool.end());
  const isNew = (await masterKeyFingerprint(systemPool)) === null;
  const keyring = createKeyring(loadMasterKey(config.keys.masterKey, dataDir, isNew));
  await assertMasterKey(systemPool, keyring.fingerprint());
  const jobStore: JobStoreSettings = config.redis.url
    ? { kind: 'redis', url: config.redis.url }
    : { kind: 'postgres', connection: { url: database.systemUrl, applicationName: 'gatehouse-jobs', connectTimeout } };
  return {
    keyring,
    systemConnection,
    systemPool,
    jobStore,
    retry: { attempts: config.worker.retryAttempts, delayMs: config.worker.retryDelay },
  };
}

/** Two ways to work in the same database: recorded in the audit log, and not. */
export interface UnitsOfWork {
  readonly unitOfWork: UnitOfWork;
  /** For measurements (health checks, states of jobs): nobody's decision, so nothing to audit. */
  readonly observations: UnitOfWork;
}

/** Units of work over one pool; the audit records of the first form the chain of the named writer. */
export async function composeUnitsOfWork(
  config: Config,
  database: Database,
  keyring: Keyring,
  writer: string,
  closers: Closers,
): Promise<UnitsOfWork> {
  const { connectTimeout, statementTimeout, appPoolMax } = config.database;
  const orm = await createOrm(
    { url: database.appUrl, role: APP_ROLE, applicationName: `gatehouse-${writer}`, connectTimeout, statementTimeout },
    appPoolMax,
  );
  closers.add(`${writer} pool`, () => orm.close());
  return {
    unitOfWork: new UnitOfWork(orm.em, new TransactionalRecorder({ keyring, writer })),
    observations: new UnitOfWork(orm.em, { append: async () => undefined }),
  };
}

/** The producer of jobs, closed with the process. */
export function composeJobs(shared: Shared, closers: Closers): JobProducer {
  const jobs = createJobProducer(shared.jobStore, shared.retry);
  closers.add('job producer', () => jobs.close());
  return jobs;
}
