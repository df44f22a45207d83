/** Resolves with the name of the first stop signal; a second one ends the process at once. */
export function nextStopSignal(onImpatience: (signal: string) => void): {
  received: Promise<string>;
  trigger(reason: string): void;
} {
  let trigger: (reason: string) => void = () => undefined;
  const received = new Promise<string>((resolve) => {
    let stopping = false;
    trigger = (reason) => {
      if (stopping) onImpatience(reason);
      stopping = true;
      resolve(reason);
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => trigger(signal));
  });
  return { received, trigger: (reason) => trigger(reason) };
}
