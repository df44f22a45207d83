import type { Gateway } from './gateway.js';
import { isStale, serviceStale } from './pipeline/identify.js';

const beatMs = 500;

/**
 * Ends what is open as soon as the gateway may no longer decide whether it may be: calls that run or wait, streams, and
 * what listens. Sessions stay, because each of their requests is refused; so does what they are subscribed to, which
 * nobody hears. Streams from other processes are theirs to end.
 * @returns a function that ends the watch
 */
export function failClosed(gateway: Gateway): () => void {
  const { logger, running, sessions } = gateway;
  let wasStale = false;
  const timer = setInterval(() => {
    const stale = isStale(gateway);
    if (stale) {
      running.cutAll(serviceStale());
      sessions.pauseStreams();
      if (!wasStale) logger.warn('the database has been away for too long: calls and streams have ended');
    }
    wasStale = stale;
  }, beatMs);
  timer.unref();
  return () => clearInterval(timer);
}
