import type { Logger } from '#observability';

/**
 * What nobody handled, a rejection or an exception, leaves the process in a state that nobody foresaw: it is told, and
 * the process stops in order (records in memory still reach the database) instead of going on or dropping everything.
 */
export function stopOnFault(logger: Logger, onFault: () => void): void {
  process.on('uncaughtException', (error: NodeJS.ErrnoException, origin) => {
    // The reader of our output went away; that is no fault of the services.
    if (error.code === 'EPIPE' && error.syscall === 'write') return;
    logger.fatal({ err: error, origin }, 'Nobody handled this fault; stopping.');
    onFault();
  });
}
