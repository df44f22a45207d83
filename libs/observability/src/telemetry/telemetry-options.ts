import type { Config } from '#config';
import type { Logger } from '../logger.js';

/** What telemetry needs to begin. */
export interface TelemetryOptions {
  readonly config: Pick<Config, 'telemetry'>;
  readonly logger: Logger;
  /** The resource attribute `service.version`. */
  readonly version: string;
}
