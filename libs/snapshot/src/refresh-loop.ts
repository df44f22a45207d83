/** What a loop runs and how often. Times are in milliseconds. */
export interface RefreshLoopOptions {
  readonly refresh: () => Promise<void>;
  /** How often to run without being asked. */
  readonly everyMs: number;
  /** Longest pause after failures; the pauses double up to it. */
  readonly maxPauseMs: number;
  /** Hears of every failure; the work is tried again by itself. */
  readonly onFailure: (error: unknown, failures: number) => void;
}

/** Runs one piece of work again and again, never twice at once. */
export interface RefreshLoop {
  /** Asks for a run that begins after this call; any number of requests during a run become one further run. */
  request(): void;
  /** As {@link RefreshLoop.request}, without waiting for the end of a pause after a failure. */
  requestNow(): void;
  /** No run begins afterwards; resolves when the current one has ended. */
  stop(): Promise<void>;
}

const firstPauseMs = 50;

/** Starts the loop; the first run comes after `everyMs` or with the first request. */
export function startRefreshLoop({ refresh, everyMs, maxPauseMs, onFailure }: RefreshLoopOptions): RefreshLoop {
  const state = { stopped: false };
  let endPause = (): void => undefined;
  let wanted = false;
  let running = false;
  let finished: Promise<void> = Promise.resolve();

  const run = async (): Promise<void> => {
    let failures = 0;
    while (wanted && !state.stopped) {
      wanted = false;
      try {
        await refresh();
        failures = 0;
      } catch (error) {
        if (state.stopped) break;
        wanted = true;
        onFailure(error, ++failures);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.min(maxPauseMs, firstPauseMs * 2 ** Math.min(failures, 16)));
          endPause = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    }
    // In the same turn as the last look at `wanted`, so that no request falls between.
    running = false;
  };

  const request = (): void => {
    if (state.stopped) return;
    wanted = true;
    if (running) return;
    running = true;
    finished = run();
  };

  const timer = setInterval(request, everyMs);
  timer.unref();
  return {
    request,
    requestNow: () => {
      endPause();
      request();
    },
    stop: () => {
      clearInterval(timer);
      state.stopped = true;
      endPause();
      return finished;
    },
  };
}
