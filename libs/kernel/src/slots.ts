/**
 * A set whose members come and go with every call. Not a `Set`: that makes itself a new table every few dozen changes,
 * the old ones keep pointing to what was under way, and one old table after the other carries finished calls over into
 * the old generation of the garbage collector. A slot that is left is empty at once.
 */
export class Slots<T> {
  readonly #slots: (T | null)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#slots.length - this.#free.length;
  }

  /** @returns what `remove` wants */
  add(member: T): number {
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = member;
    return slot;
  }

  /** Once per `add`. */
  remove(slot: number): void {
    this.#slots[slot] = null;
    this.#free.push(slot);
  }

  /** Those that are there; members may come and go meanwhile. */
  *[Symbol.iterator](): Iterator<T> {
    for (const member of this.#slots) if (member !== null) yield member;
  }
}
