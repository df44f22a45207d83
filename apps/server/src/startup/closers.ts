/** Undoes what was started, newest first, whether a start failed half-way or the program stops. */
export class Closers {
  private readonly steps: { name: string; close: () => Promise<void> }[] = [];

  constructor(private readonly onError: (name: string, error: unknown) => void) {}

  /** Remembers how to undo a step that succeeded. */
  add(name: string, close: () => Promise<void>): void {
    this.steps.push({ name, close });
  }

  /** Undoes every step; one that fails is reported and does not keep the others from running. */
  async close(): Promise<void> {
    for (let step = this.steps.pop(); step; step = this.steps.pop()) {
      try {
        await step.close();
      } catch (error) {
        this.onError(step.name, error);
      }
    }
  }
}
