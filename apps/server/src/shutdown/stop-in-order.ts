import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '#config';
import type { Logger } from '#observability';
import { within } from './within.js';

/** A service of this process, as far as stopping goes. */
export interface RunningService {
  readonly name: 'gateway' | 'worker' | 'control-plane';
  /** `/readyz` answers 503 from here on; work is still accepted. */
  setDraining(): void;
  /** Stops accepting, lets work in flight finish until the deadline (milliseconds), then cuts it. */
  stop(deadlineMs: number): Promise<void>;
}

/** What a service may take beyond the drain timeout, to write what it holds and to close its connections. */
const partingMs = 10_000;

const order = ['gateway', 'worker', 'control-plane'] as const;

/**
 * Stops the services politely: not ready, wait for load balancers, then gateway (its audit is flushed), worker, control
 * plane. All of them together get the drain timeout.
 */
export async function stopInOrder(
  { running }: { running: RunningService[] },
  config: Config,
  logger: Logger,
  reason: string,
): Promise<void> {
  logger.info({ reason }, 'Stopping.');
  for (const service of running) service.setDraining();
  await delay(config.server.drainDelay);
  const deadline = Date.now() + config.server.drainTimeout;
  for (const name of order) {
    const at = running.findIndex((candidate) => candidate.name === name);
    const [service] = at < 0 ? [] : running.splice(at, 1);
    try {
      const left = Math.max(0, deadline - Date.now());
      if (service) await within(service.stop(left), left + partingMs);
    } catch (error) {
      logger.error({ err: error }, `Stopping the ${name} failed.`);
    }
  }
  logger.info('Stopped.');
}
