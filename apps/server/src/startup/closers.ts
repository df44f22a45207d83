import { within } from '../shutdown/within.js';

/** A database that has fallen silent must not keep its clients' pools, and so the process, from ending. */
const defaultPatienceMs = 5_000;

interface Step {
  readonly name: string;
  readonly close: () => Promise<void>;
  readonly patienceMs: number | null;
}

/** Undoes what was started, newest first, whether a start failed half-way or the program stops. */
export class Closers {
  private readonly steps: Step[] = [];

  constructor(private readonly onError: (name: string, error: unknown) => void) {}

  /**
   * Remembers how to undo a step that succeeded.
   * @param patienceMs how long to wait for it; null: as long as it takes, because it has limits of its own
   */
  add(name: string, close: () => Promise<void>, patienceMs: number | null = defaultPatienceMs): void {
    this.steps.push({ name, close, patienceMs });
  }

  /** Undoes every step; one that fails or takes too long is reported and does not keep the others from running. */
  async close(): Promise<void> {
    for (let step = this.steps.pop(); step; step = this.steps.pop()) {
      try {
        await (step.patienceMs === null ? step.close() : within(step.close(), step.patienceMs));
      } catch (error) {
        this.onError(step.name, error);
      }
    }
  }
}
