import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** False where the operating system does not tell (only Linux does): then no figure per CPU second is printed. */
export const knowsCpu = existsSync('/proc/self/schedstat');

/** The process and everything that it started. */
export function withChildren(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const found = [pid];
  for (let index = 0; index < found.length; index += 1)
    for (const [child, parent] of parents) if (parent === found[index]) found.push(child);
  return found;
}

/** Microseconds of processor time that these processes have used so far, all threads together. */
export function cpuMicros(pids: readonly number[]): number {
  if (!knowsCpu) return Number.NaN;
  let nanos = 0;
  for (const pid of pids) {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      try {
        nanos += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
      } catch {
        // A thread that ended meanwhile takes its time with it; Node's threads live as long as the process.
      }
    }
  }
  return nanos / 1000;
}

/** Resident memory in bytes. */
export function residentBytes(pids: readonly number[]): number {
  if (!knowsCpu) return Number.NaN;
  return pids.reduce((sum, pid) => {
    const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return sum + Number(match?.[1] ?? 0) * 1024;
  }, 0);
}
