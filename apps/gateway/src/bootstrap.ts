import 'reflect-metadata';
import { BufferedAuditWriter, RefusalAggregator } from '#audit';
import type { Config } from '#config';
import { sha256Hex, type Keyring } from '#crypto';
import { systemClock } from '#kernel';
import { openTelemetry, type Logger, type Metrics } from '#observability';
import type { ConnectionSettings, DatabasePool } from '#postgres';
import { createSnapshotSource } from '#snapshot';
import { auditObserver } from './audit-observer.js';
import { DefaultOrganization } from './default-organization.js';
import { FrontDoor } from './http/front-door.js';
import { listen } from './http/listen.js';
import { startHousekeeping } from './housekeeping.js';
import { publicUrlsOf } from './http/public-urls.js';
import { openGateway } from './open-gateway.js';
import { openLimits } from './open-limits.js';
import { openOwners } from './owners/open-owners.js';
import { programVersion } from './program-version.js';
import { requestSync } from './relay/sync-requests.js';
import { flushTokenUsage } from './usage/flush-token-usage.js';
import { TokenUsage } from './usage/token-usage.js';

/** What the composition root hands to the gateway. */
export interface GatewayDeps {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly keyring: Keyring;
  /** In the system role; stays the caller's to end. */
  readonly systemPool: DatabasePool;
  /** For the LISTEN connection. */
  readonly systemConnection: ConnectionSettings;
  /** Absolute; the audit spool lies there. */
  readonly dataDir: string;
  /** Refused credentials are told to this organization; null: the one named by `admin.organization`, once it exists. */
  readonly defaultOrganizationId: string | null;
  /** Which of several gateway processes behind one port this is; default 1. */
  readonly processNumber?: number;
}

/** A gateway that serves. */
export interface RunningGateway {
  readonly address: { readonly host: string; readonly port: number };
  /** `/readyz` says 503 from here on; calls are still served, so that load balancers can turn away. */
  setDraining(): void;
  /** Stops accepting, lets calls finish until the deadline (milliseconds), cuts the rest, and loses no audit record. */
  stop(deadlineMs: number): Promise<void>;
}

/** How long the last spans and metrics may take to reach their collector. */
const telemetryFlushMs = 2000;

/**
 * Starts the MCP data plane: takes its port, loads the first snapshot, serves.
 * @throws DomainError PORT_IN_USE, DATABASE_UNAVAILABLE, DATA_DIR_UNUSABLE
 */
export async function startGateway(deps: GatewayDeps): Promise<RunningGateway> {
  const { config, dataDir, keyring, logger, metrics, systemConnection, systemPool } = deps;
  const closers: (() => unknown)[] = [];
  const closeAll = async () => {
    for (let close = closers.pop(); close; close = closers.pop()) await close();
  };
  const door = new FrontDoor();
  const listening = await listen(config, door.listener);
  try {
    const telemetry = await openTelemetry({ config, logger, version: programVersion() });
    if (telemetry) closers.push(() => telemetry.close(telemetryFlushMs));
    const audit = new BufferedAuditWriter({
      pool: systemPool,
      keyring,
      config: { audit: config.audit, server: { ...config.server, dataDir } },
      writer: 'gateway',
      observer: auditObserver(logger, metrics),
    });
    audit.start();
    closers.push(() => audit.close());
    const organization = new DefaultOrganization(systemPool, config.admin.organization, deps.defaultOrganizationId);
    const refusals = new RefusalAggregator({
      record: (draft) => audit.record(draft),
      organizationId: () => organization.id,
    });
    refusals.start();
    closers.push(() => refusals.close());
    const snapshots = await createSnapshotSource({
      pool: systemPool,
      listen: systemConnection,
      sweepMs: config.gateway.snapshotSweep,
      log: logger,
      clock: systemClock,
      hash: sha256Hex,
    });
    closers.push(() => snapshots.close());
    const usage = new TokenUsage();
    const housekeeping = startHousekeeping({
      work: [() => flushTokenUsage(systemPool, usage), () => organization.refresh()],
      gauges: () => {
        if (snapshots.staleFor() <= 2 * config.gateway.snapshotSweep) metrics.snapshotConfirmed();
        metrics.auditSpoolBytes(audit.stats().spoolBytes);
      },
      logger,
    });
    closers.push(() => housekeeping.close());
    const owners = await openOwners({
      ...{ config, keyring, logger, metrics, pool: systemPool },
      urls: publicUrlsOf(config, listening.address.port),
      processNumber: deps.processNumber ?? 1,
      serve: (exchange) => door.serve(exchange),
    });
    closers.push(() => owners.close());
    const limits = await openLimits(config, systemConnection, logger, metrics);
    closers.push(() => limits.close());
    const parts = {
      ...{ config, logger, metrics, telemetry, keyring, clock: systemClock, snapshots, audit, refusals },
      ...{ usage, owners, limits },
      requestSync: (organizationId: string, upstreamId: string) => requestSync(systemPool, organizationId, upstreamId),
    };
    const gateway = await openGateway(parts, door, listening);
    metrics.gatewayProcesses(1);
    return {
      address: listening.address,
      setDraining: () => gateway.setDraining(),
      stop: async (deadlineMs) => {
        await gateway.stop(deadlineMs);
        await closeAll();
      },
    };
  } catch (error) {
    listening.server.close();
    listening.server.closeAllConnections();
    await closeAll();
    throw error;
  }
}
