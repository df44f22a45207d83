/** Two signals within this time are one: Ctrl-C reaches the server from the terminal, and again from npm. */
const echoMs = 500;

/** The request to stop this process. */
export interface StopRequest {
  /** Resolves with the reason of the first request. */
  readonly received: Promise<string>;
  /** Aborted at the same moment, so that a start under way gives up what it waits for. */
  readonly signal: AbortSignal;
  /** Asks to stop, for a reason of our own. */
  stop(reason: string): void;
}

/**
 * Listens for stop signals from now on.
 * @param onImpatience called at a second signal: somebody does not want to wait for the orderly stop
 */
export function listenForStop(onImpatience: () => void): StopRequest {
  const controller = new AbortController();
  const received = new Promise<string>((resolve) => {
    controller.signal.addEventListener('abort', () => resolve(String(controller.signal.reason)), { once: true });
  });
  let signalledAt: number | null = null;
  const onSignal = (signal: string): void => {
    if (signalledAt !== null && performance.now() - signalledAt > echoMs) onImpatience();
    signalledAt ??= performance.now();
    controller.abort(signal);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => onSignal(signal));
  return { received, signal: controller.signal, stop: (reason) => controller.abort(reason) };
}
