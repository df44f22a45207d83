import type { Logger } from '#observability';

const intervalMs = 1000;

/** What is done beside the calls. */
export interface HousekeepingOptions {
  /** Small writes and look-ups in the database; one that fails is tried again at the next beat. */
  readonly work: readonly (() => Promise<void>)[];
  /** Sets what no event sets. */
  readonly gauges: () => void;
  readonly logger: Logger;
}

/** Does small regular work once a second, never twice at the same time; `close()` does it a last time. */
export function startHousekeeping({ work, gauges, logger }: HousekeepingOptions): { close(): Promise<void> } {
  let beat: Promise<void> | null = null;
  const run = async (): Promise<void> => {
    for (const one of work) {
      try {
        await one();
      } catch (error) {
        logger.debug({ err: error }, 'housekeeping could not reach the database');
      }
    }
  };
  const timer = setInterval(() => {
    gauges();
    beat ??= run().finally(() => (beat = null));
  }, intervalMs);
  timer.unref();
  return {
    close: async () => {
      clearInterval(timer);
      await beat;
      await run();
    },
  };
}
