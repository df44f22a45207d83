import type { Config } from '#config';
import { systemClock } from '#kernel';
import { createLogger, type Metrics, type MetricsSnapshot } from '#observability';
import { IdentityStore, SessionStore } from '#persistence';
import type { Database } from '../database/open-database.js';
import { seedDemo, type DemoAccess } from '../demo/seed-demo.js';
import type { RunningService } from '../shutdown/stop-in-order.js';
import type { Closers } from './closers.js';
import { composeJobs, composeUnitsOfWork, type Shared } from './compose.js';
import type { Listening } from './listening.js';

/** What a start needs. */
export interface StartOptions {
  readonly config: Config;
  readonly metrics: Metrics;
  /** Takes the metrics of processes beside this one. */
  readonly metricsOfOthers: (() => Promise<MetricsSnapshot[]>)[];
  readonly dataDir: string;
  readonly database: Database;
  readonly shared: Shared;
  readonly closers: Closers;
  /** Aborted when the process is asked to stop. */
  readonly signal: AbortSignal;
  readonly demoUpstream: string | undefined;
}

/** The services of this process, and what the first screen tells about them. */
export interface StartedServices {
  /** Emptied as they stop. */
  readonly running: RunningService[];
  readonly addresses: { readonly controlPlane?: Listening; readonly gateway?: Listening; readonly worker?: Listening };
  /** The one-time link of the first administrator, while there is none. */
  readonly setupLink?: { readonly url: string; readonly expiresAt: Date };
  readonly demo?: DemoAccess;
}

const urlOf = ({ host, port }: Listening): string => `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Starts the configured services; their code is loaded only when they run here. */
export async function startServices(options: StartOptions): Promise<StartedServices> {
  const { config } = options;
  const running: RunningService[] = [];
  const wanted = new Set(config.server.services);
  const worker = wanted.has('worker') ? await startWorkerService(options, running) : undefined;
  options.signal.throwIfAborted();
  const controlPlane = wanted.has('control-plane') ? await startControlPlaneService(options, running) : undefined;
  options.signal.throwIfAborted();
  const gateway = wanted.has('gateway')
    ? await startGatewayService(options, running, controlPlane?.address)
    : undefined;
  const demo = options.demoUpstream
    ? await demoOf(options, options.demoUpstream, controlPlane?.address, gateway)
    : undefined;
  return {
    running,
    addresses: { controlPlane: controlPlane?.address, gateway, worker },
    setupLink: controlPlane?.setupLink,
    demo,
  };
}

/** When a start fails half-way: how long jobs of the services that run already may take to end. */
const failedStartDeadlineMs = 2_000;

/** Notes a service that runs. */
function keep({ closers }: StartOptions, running: RunningService[], service: RunningService): void {
  running.push(service);
  // For a start that fails later on; an orderly stop has taken the service out of the list before.
  closers.add(service.name, async () => {
    if (running.includes(service)) await service.stop(failedStartDeadlineMs);
  });
}

async function startControlPlaneService(options: StartOptions, running: RunningService[]) {
  const { ensureFirstAdmin, startControlPlane } = await import('../../../control-plane/src/bootstrap.js');
  const { config, metrics, shared, database, closers } = options;
  const deps = {
    config,
    logger: createLogger({ level: config.log.level, service: 'control-plane' }),
    metrics,
    keyring: shared.keyring,
    clock: systemClock,
    unitOfWork: (await composeUnitsOfWork(config, database, shared.keyring, 'control-plane', closers)).unitOfWork,
    identities: new IdentityStore(shared.systemPool),
    sessions: new SessionStore(shared.systemPool),
    systemPool: shared.systemPool,
    jobs: composeJobs(shared, closers),
  };
  const service = await startControlPlane(deps);
  keep(options, running, {
    name: 'control-plane',
    setDraining: () => service.setReady(false),
    stop: (deadlineMs) => service.stop(deadlineMs),
  });
  const first = await ensureFirstAdmin(deps, config.controlPlane.publicUrl ?? urlOf(service.address));
  return { address: service.address, setupLink: first.state === 'link' ? first : undefined };
}

async function startWorkerService(options: StartOptions, running: RunningService[]): Promise<Listening> {
  const { startWorker } = await import('../../../worker/src/bootstrap.js');
  const { config, metrics, shared, database, closers, dataDir } = options;
  const service = await startWorker({
    config,
    logger: createLogger({ level: config.log.level, service: 'worker' }),
    metrics,
    keyring: shared.keyring,
    ...(await composeUnitsOfWork(config, database, shared.keyring, 'worker', closers)),
    systemPool: shared.systemPool,
    jobStore: shared.jobStore,
    dataDir,
  });
  keep(options, running, {
    name: 'worker',
    setDraining: () => service.setDraining(),
    stop: (deadlineMs) => service.stop(deadlineMs),
  });
  return service.address;
}

async function startGatewayService(
  options: StartOptions,
  running: RunningService[],
  controlPlane: Listening | undefined,
): Promise<Listening> {
  const { metrics, shared, dataDir } = options;
  // Port 0 has become a real one: the metadata that clients follow must name it.
  const config = controlPlane
    ? { ...options.config, controlPlane: { ...options.config.controlPlane, port: controlPlane.port } }
    : options.config;
  if (config.gateway.processes > 1) return startSeveralGateways({ ...options, config }, running);
  const { startGateway } = await import('../../../gateway/src/bootstrap.js');
  const organization = await new IdentityStore(shared.systemPool).findOrganization(config.admin.organization);
  const service = await startGateway({
    config,
    logger: createLogger({ level: config.log.level, service: 'gateway' }),
    metrics,
    keyring: shared.keyring,
    systemPool: shared.systemPool,
    systemConnection: shared.systemConnection,
    dataDir,
    defaultOrganizationId: organization?.id ?? null,
  });
  keep(options, running, {
    name: 'gateway',
    setDraining: () => service.setDraining(),
    stop: (deadlineMs) => service.stop(deadlineMs),
  });
  return service.address;
}

async function startSeveralGateways(options: StartOptions, running: RunningService[]): Promise<Listening> {
  const { startGatewayProcesses } = await import('../cluster/gateway-processes.js');
  const { config, database, dataDir, signal } = options;
  const { ownerUrl, appUrl, systemUrl, embedded } = database;
  const settings = { config, database: { ownerUrl, appUrl, systemUrl, embedded }, dataDir };
  const logger = createLogger({ level: config.log.level, service: 'gatehouse' });
  const processes = await startGatewayProcesses(config.gateway.processes, settings, logger, signal);
  options.metricsOfOthers.push(() => processes.metrics());
  keep(options, running, {
    name: 'gateway',
    setDraining: () => processes.setDraining(),
    stop: (deadlineMs) => processes.stop(deadlineMs),
  });
  return processes.address;
}

async function demoOf(
  { config, database, shared, closers }: StartOptions,
  upstreamUrl: string,
  controlPlane: Listening | undefined,
  gateway: Listening | undefined,
): Promise<DemoAccess> {
  const organization = await new IdentityStore(shared.systemPool).findOrganization(config.admin.organization);
  if (!controlPlane || !gateway || !organization) throw new Error('the demo needs all services in one process');
  return seedDemo({
    organizationId: organization.id,
    unitOfWork: (await composeUnitsOfWork(config, database, shared.keyring, 'demo', closers)).unitOfWork,
    jobs: composeJobs(shared, closers),
    keyring: shared.keyring,
    upstreamUrl,
    issuer: config.controlPlane.publicUrl ?? urlOf(controlPlane),
    audience: config.gateway.publicUrls[0] ?? urlOf(gateway),
  });
}
