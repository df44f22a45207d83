import type { LoadJob, LoadMessage, LoadResult } from '../load/load-job.js';
import { cpuMicros } from './cpu-time.js';
import { startProgram, type Program } from './processes.js';

/** One run: what the client saw, and what the measured processes spent on it. */
export interface Run extends LoadResult {
  /** Processor time of the measured processes in the measured window, per request; NaN where unknown. */
  readonly cpuPerRequest: number;
}

/** The client program, and the clock of the measured processes. */
export class LoadRunner {
  readonly #program: Program;

  private constructor(program: Program) {
    this.#program = program;
  }

  static async start(): Promise<LoadRunner> {
    return new LoadRunner(await startProgram('load'));
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }

  /** Runs one job; `pids` are the processes whose processor time counts. */
  async run(job: LoadJob, pids: readonly number[]): Promise<Run> {
    const { child } = this.#program;
    let before = Number.NaN;
    let spent = Number.NaN;
    const result = await new Promise<Run>((resolve, reject) => {
      const onExit = () => reject(new Error('the load program ended'));
      const onMessage = (message: unknown) => {
        const told = message as LoadMessage;
        if (told.type === 'measuring') before = cpuMicros(pids);
        if (told.type === 'measured') spent = cpuMicros(pids) - before;
        if (told.type !== 'done') return;
        child.off('message', onMessage);
        child.off('exit', onExit);
        resolve({ ...told.result, cpuPerRequest: spent / told.result.requests });
      };
      child.on('message', onMessage);
      child.once('exit', onExit);
      child.send(job);
    });
    return result;
  }
}
