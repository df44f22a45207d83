// A PostgreSQL that tests kill, freeze and bring back at the same address with the same data.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { startOwnedProcess, startTestCluster, until, type OwnedProcess } from '#testing';
import { processesIn } from './server-support.js';

/** See the top of the file. */
export interface MortalPostgres extends AsyncDisposable {
  readonly url: string;
  /** Kills the postmaster as an accident would, and waits until its children have left. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Stops every process of it in its tracks: connections stay open and nothing answers. */
  freeze(): void;
  thaw(): void;
}

/** Starts one on a fresh cluster; what was committed survives a kill. */
export async function startMortalPostgres(binFolder: string): Promise<MortalPostgres> {
  const cluster = await startTestCluster({ binFolder, settings: { synchronous_commit: 'on' } });
  const data = path.join(cluster.socketFolder, 'db');
  const family = (): number[] => processesIn(cluster.socketFolder).map(Number);
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  let second: OwnedProcess | null = null;
  const signalAll = (signal: NodeJS.Signals): void => {
    for (const pid of family()) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        // It ended between the look and the signal.
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      }
    }
  };
  return {
    url: cluster.url,
    kill: async () => {
      const [pid] = readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n');
      process.kill(Number(pid), 'SIGKILL');
      await until('the killed PostgreSQL is gone', () => family().length === 0);
    },
    restart: async () => {
      second = await startOwnedProcess(path.join(binFolder, 'postgres'), ['-D', data], {
        ready: 'ready to accept connections',
        spawn: { ...user, cwd: cluster.socketFolder },
      });
    },
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    [Symbol.asyncDispose]: async () => {
      signalAll('SIGCONT');
      await second?.stop('SIGQUIT');
      await cluster.stop();
    },
  };
}
