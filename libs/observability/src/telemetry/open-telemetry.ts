import { unreadTelemetryNames } from '#config';
import type { TelemetryOptions } from './telemetry-options.js';
import type { Telemetry } from './telemetry.js';

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
  if (unread.length > 0) logger.warn({ variables: unread }, 'these OTEL_* variables have no effect here');
  logger.info({ collector: endpoint, protocol: config.telemetry.protocol }, 'telemetry goes to a collector');
  return startOtel({ ...options, endpoint });
}
