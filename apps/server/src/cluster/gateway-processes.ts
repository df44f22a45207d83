import cluster from 'node:cluster';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { addMetrics, type Logger, type MetricsSnapshot } from '#observability';
import type { Listening } from '../startup/listening.js';
import { GatewaySlot } from './gateway-slot.js';
import type { ProcessSettings } from './messages.js';

/** A process that was asked to stop may take so long beyond its deadline, to write what it holds. */
const partingMs = 8000;
/** How long a start that fails may take to end the processes that came up. */
const failedStartMs = 1000;

/** Several gateway processes behind one port, each at work on its own; this process hands the connections round. */
export interface GatewayProcesses {
  readonly address: Listening;
  /** `/readyz` says 503 from here on; calls are still served. */
  setDraining(): void;
  /** Each stops accepting, lets calls finish until the deadline (milliseconds), cuts the rest and writes its records. */
  stop(deadlineMs: number): Promise<void>;
  /** What all of them have counted since the start, those that have ended meanwhile included. */
  metrics(): Promise<MetricsSnapshot[]>;
}

/** Who takes an ended process's place must find its port again, so "any free one" is settled here. */
async function withPort(settings: Omit<ProcessSettings, 'processNumber'>): Promise<typeof settings> {
  const { config } = settings;
  const { host, port } = config.gateway;
  if (port !== 0) return settings;
  const probe = createServer();
  const free = await new Promise<number>((resolve) => {
    // An address that cannot be bound is told by the processes themselves.
    probe.once('error', () => resolve(0));
    probe.listen(0, host, () => resolve((probe.address() as AddressInfo).port));
  });
  await new Promise((resolve) => probe.close(resolve));
  return { ...settings, config: { ...config, gateway: { ...config.gateway, port: free } } };
}

function prepareCluster(): void {
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({
    exec: fileURLToPath(new URL('./gateway-process.js', import.meta.url)),
    args: [],
    // Structured data over a private channel; arguments and environment hold no setting of ours.
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
}

/**
 * Starts `count` gateway processes behind one port. One that ends by itself is started again.
 * @param signal ends a start under way
 * @throws DomainError what kept one from starting: PORT_IN_USE, DATABASE_UNAVAILABLE …
 */
export async function startGatewayProcesses(
  count: number,
  given: Omit<ProcessSettings, 'processNumber'>,
  logger: Logger,
  signal: AbortSignal,
): Promise<GatewayProcesses> {
  prepareCluster();
  const settings = await withPort(given);
  let ended = Promise.resolve<MetricsSnapshot>([]);
  const keep = (counters: MetricsSnapshot) => {
    ended = ended.then((before) => addMetrics([before, counters]));
  };
  const slots = Array.from(
    { length: count },
    (_, index) => new GatewaySlot({ ...settings, processNumber: index + 1 }, logger, keep),
  );
  const stop = async (deadlineMs: number) => {
    await Promise.all(slots.map((slot) => slot.stop(deadlineMs, deadlineMs + partingMs)));
  };
  const onAbort = () => void stop(0);
  signal.addEventListener('abort', onAbort, { once: true });
  let addresses: Listening[];
  try {
    addresses = await Promise.all(slots.map((slot) => slot.start()));
  } catch (error) {
    await stop(failedStartMs);
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  return {
    address: addresses[0] ?? { host: settings.config.gateway.host, port: settings.config.gateway.port },
    setDraining: () => {
      for (const slot of slots) slot.drain();
    },
    stop,
    metrics: async () => {
      await Promise.all(slots.map((slot) => slot.refreshMetrics()));
      // Both at the same moment: a process that ends now is counted once, here or there.
      const living = slots.map((slot) => slot.metrics);
      return [await ended, ...living];
    },
  };
}
