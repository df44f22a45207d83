/** What one event costs beside its text: its record, and that of a stream that may have this one event only. */
export const eventOverhead = 300;

/** A session that can give up what it has kept. */
export interface Giver {
  /** Gives up its oldest event. */
  dropOldest(): void;
}

const nobody: ReadonlySet<Giver> = new Set();
/** Sessions of one class differ in size by less than a factor of two. */
const classOf = (size: number): number => (size < 2 ** 32 ? 32 - Math.clz32(size) : 33);

/**
 * What the sessions of one process keep together. When that is too much, the sessions that keep most give first, their
 * oldest events: a session that is told much cannot take away what another one waits for.
 */
export class ReplayMemory {
  #size = 0;
  /** By class of size; in each, whoever has been there longest is first. */
  readonly #givers: Set<Giver>[] = [];

  /** @param limit bytes, each event counted with its overhead */
  constructor(private readonly limit: number) {}

  get size(): number {
    return this.#size;
  }

  /** Hears that a session keeps more or less than before. */
  resized(giver: Giver, before: number, after: number): void {
    this.#size += after - before;
    const [from, to] = [classOf(before), classOf(after)];
    if (from === to) return;
    this.#givers[from]?.delete(giver);
    if (after > 0) (this.#givers[to] ??= new Set()).add(giver);
  }

  /** Makes room until everything fits. */
  fit(): void {
    while (this.#size > this.limit) {
      const fullest = this.#fullest();
      if (fullest === null) return;
      fullest.dropOldest();
    }
  }

  #fullest(): Giver | null {
    for (let at = this.#givers.length - 1; at > 0; at--) for (const giver of this.#givers[at] ?? nobody) return giver;
    return null;
  }
}
