import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { NestFactory } from '@nestjs/core';
import { TransactionalRecorder } from '#audit';
import { loadConfig, type Config } from '#config';
import type { QueueName } from '#contracts';
import { createKeyring, generateMasterKey, sealSecret, type Keyring } from '#crypto';
import { newId } from '#kernel';
import { createLogger, createMetrics } from '#observability';
import { StdioChildren } from '#mcp';
import { createAddressGuard, createUpstreamPools } from '#outbound';
import { createOrm, UnitOfWork } from '#persistence';
import { APP_ROLE, createPool, SYSTEM_ROLE, type DatabasePool } from '#postgres';
import type { JobContext, JobProducer, Processors } from '#queue';
import type { WorkerDeps } from '../../apps/worker/src/dependencies.js';
import { processorsOf } from '../../apps/worker/src/processors.js';
import { WorkerModule } from '../../apps/worker/src/worker.module.js';
import { createWorkerDatabase } from './worker-database.js';

/** A job that a processor added. */
export interface AddedJob {
  readonly queue: QueueName;
  readonly payload: unknown;
  readonly requestId: string;
  readonly once: string | undefined;
}

/** What a test of the worker works with: its dependencies on a database of its own, and rows to work on. */
export interface WorkerBench extends AsyncDisposable {
  readonly url: string;
  readonly deps: WorkerDeps;
  /** The superuser: sees and changes every row. */
  readonly sql: DatabasePool;
  readonly keyring: Keyring;
  readonly organizationId: string;
  readonly userId: string;
  /** The lines that were logged, as objects. */
  readonly log: Record<string, unknown>[];
  /** The processors of a container of their own, and the jobs that they added (nobody runs those). */
  processors(): Promise<{ run: Required<Processors>; added: AddedJob[] }>;
  addUpstream(values: { url: string; secret?: string; enabled?: boolean }): Promise<string>;
  addOperation(upstreamId: string, kind: 'CHECK' | 'SYNC'): Promise<string>;
  one(text: string, params?: readonly unknown[]): Promise<Record<string, unknown>>;
  /** The newest revision of the configuration. */
  revision(): Promise<number>;
}

/** Settings that fit a test: everything on loopback, short patience. */
export const testConfig = (env: Record<string, string> = {}): Config =>
  loadConfig({
    GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
    GATEHOUSE_OUTBOUND_PROBE_TIMEOUT: '700ms',
    GATEHOUSE_WORKER_PORT: '0',
    ...env,
  });

/** The context of the first of several tries. */
export const firstTry = (overrides: Partial<JobContext> = {}): JobContext => ({
  requestId: 'request-of-the-test',
  attempt: 1,
  lastAttempt: false,
  signal: new AbortController().signal,
  ...overrides,
});

/** Prepares a bench with one organization and one user. */
export async function createWorkerBench(clusterUrl: string, env: Record<string, string> = {}): Promise<WorkerBench> {
  const database = await createWorkerDatabase(clusterUrl);
  const { url } = database;
  const dataDir = mkdtempSync(path.join(tmpdir(), 'gatehouse-worker-'));
  const config = testConfig(env);
  const keyring = createKeyring(generateMasterKey());
  const sql = createPool({ url, max: 2 });
  const systemPool = createPool({ url, role: SYSTEM_ROLE, max: 4 });
  const orm = await createOrm({ url, role: APP_ROLE }, 6);
  const log: Record<string, unknown>[] = [];
  const logger = createLogger({
    level: 'debug',
    service: 'worker',
    destination: { write: (line) => void log.push(JSON.parse(line)) },
  });
  const deps: WorkerDeps = {
    config,
    logger,
    metrics: createMetrics({ processMetrics: false }),
    keyring,
    unitOfWork: new UnitOfWork(orm.em, new TransactionalRecorder({ keyring, writer: 'worker' })),
    observations: new UnitOfWork(orm.em, { append: async () => undefined }),
    systemPool,
    jobStore: { kind: 'postgres', connection: { url } },
    dataDir,
  };
  const organizationId = newId();
  const userId = newId();
  await sql.query(
    `insert into organizations (id, organization_id, slug, name, created_at, updated_at) values ($1, $1, 'acme', 'Acme', now(), now())`,
    [organizationId],
  );
  await sql.query(
    `insert into users (id, organization_id, email, display_name, status, created_at, updated_at)
     values ($1, $2, 'ada@example.org', 'Ada', 'ACTIVE', now(), now())`,
    [userId, organizationId],
  );
  const closers: (() => Promise<unknown>)[] = [];
  let upstreams = 0;

  const one: WorkerBench['one'] = async (text, params) => {
    const [row] = await sql.query<Record<string, unknown>>(text, params);
    if (!row) throw new Error(`no row: ${text}`);
    return row;
  };
  return {
    url,
    deps,
    sql,
    keyring,
    organizationId,
    userId,
    log,
    one,
    async processors() {
      const added: AddedJob[] = [];
      const producer: JobProducer = {
        enqueue: async (queue, payload, { requestId, once }) => void added.push({ queue, payload, requestId, once }),
        close: async () => undefined,
      };
      const upstreamPools = createUpstreamPools({
        guard: createAddressGuard(config.outbound.allowedHosts),
        connectTimeoutMs: config.outbound.connectTimeout,
        connections: 4,
      });
      const stdioChildren = new StdioChildren({
        maxPerUpstream: 4,
        idleMs: 60_000,
        killGraceMs: 1000,
        stderrBytes: 1000,
      });
      const connections = { producer, upstreamPools, stdioChildren };
      const app = await NestFactory.createApplicationContext(WorkerModule.of(deps, connections), {
        logger: false,
        abortOnError: false,
      });
      closers.push(
        () => app.close(),
        () => upstreamPools.close(),
        () => stdioChildren.close(),
      );
      return { run: processorsOf(app, deps) as Required<Processors>, added };
    },
    async addUpstream({ url: address, secret, enabled = true }) {
      const id = newId();
      const sealed = secret === undefined ? null : sealSecret(keyring, secret, `${organizationId}:${id}`);
      upstreams += 1;
      await sql.query(
        `insert into upstreams (id, organization_id, slug, name, description, url, visibility, owner_id, enabled,
           auth_header, auth_secret, health, created_at, updated_at)
         values ($1, $2, $3, $3, '', $4, 'ORGANIZATION', $5, $6, $7, $8, 'UNKNOWN', now(), now())`,
        [id, organizationId, `up-${upstreams}`, address, userId, enabled, sealed && 'Authorization', sealed],
      );
      return id;
    },
    async addOperation(upstreamId, kind) {
      const id = newId();
      await sql.query(
        `insert into upstream_operations (id, organization_id, upstream_id, kind, state, request_id, created_at)
         values ($1, $2, $3, $4, 'PENDING', 'r', now())`,
        [id, organizationId, upstreamId, kind],
      );
      return id;
    },
    revision: async () =>
      Number((await one('select coalesce(max(revision), 0) as revision from config_changes'))['revision']),
    async [Symbol.asyncDispose]() {
      await Promise.all(closers.map((close) => close()));
      await orm.close();
      await Promise.all([sql.end(), systemPool.end()]);
      await database[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
