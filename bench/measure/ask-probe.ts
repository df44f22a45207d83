import type { ChildProcess } from 'node:child_process';

/** What bench/programs/probe.mjs can be asked. */
export type Probe = 'memory' | 'profile-start' | 'profile-stop';

/** Asks the probe inside a child that was started with it. */
export const askProbe = (child: ChildProcess, probe: Probe, file?: string): Promise<unknown> =>
  new Promise((resolve) => {
    const onMessage = (message: unknown): void => {
      const told = message as { type: string; probe: string; value: unknown };
      if (told.type !== 'probe' || told.probe !== probe) return;
      child.off('message', onMessage);
      resolve(told.value);
    };
    child.on('message', onMessage);
    child.send({ probe, file });
  });
