import { unreadTelemetryNames, type Config } from '#config';
import type { Logger } from '../logger.js';
import type { Telemetry } from './telemetry.js';

/** What telemetry needs to begin. */
export interface TelemetryOptions {
  readonly config: Pick<Config, 'telemetry'>;
  readonly logger: Logger;
  /** The resource attribute `service.version`. */
  readonly version: string;
}

/**
 * Starts OpenTelemetry when a collector is configured; null when not, and then none of its code is loaded. A collector
 * that is away costs one warning, never a call.
 */
export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry | null> {
  const { config, logger } = options;
  const { endpoint } = config.telemetry;
  if (endpoint === undefined || config.telemetry.disabled) return null;
  const { startOtel } = await import('./start-otel.js');
  const unread = unreadTelemetryNames();
  if (unread.length > 0) logger.warn({ names: unread }, 'these OTEL_* variables have no effect here');
  logger.info({ endpoint, protocol: config.telemetry.protocol }, 'telemetry goes to a collector');
  return startOtel({ ...options, endpoint });
}
