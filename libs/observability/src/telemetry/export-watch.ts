import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import type { Logger } from '../logger.js';

interface Exporter<T> {
  export(items: T, done: (result: ExportResult) => void): void;
}

/** Tells once that a collector takes nothing, and once that it does again; everything in between is silence. */
export class ExportWatch {
  #failing = false;

  constructor(
    private readonly logger: Logger,
    private readonly endpoint: string,
  ) {}

  /** The same exporter, watched. */
  over<T, E extends Exporter<T>>(exporter: E & Exporter<T>): E {
    const send = exporter.export.bind(exporter);
    exporter.export = (items: T, done: (result: ExportResult) => void) =>
      send(items, (result: ExportResult) => {
        this.#heard(result);
        done(result);
      });
    return exporter;
  }

  #heard({ code, error }: ExportResult): void {
    const failed = code !== ExportResultCode.SUCCESS;
    if (failed === this.#failing) return;
    this.#failing = failed;
    const where = { collector: this.endpoint };
    if (failed)
      this.logger.warn(
        { ...where, err: error },
        'the telemetry collector takes nothing; spans and metrics are dropped until it does. Check OTEL_EXPORTER_OTLP_ENDPOINT.',
      );
    else this.logger.info(where, 'the telemetry collector takes spans and metrics again');
  }
}
