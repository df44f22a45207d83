/** Remembers what was made for a key; the entry that was made longest ago makes room. */
export class BoundedCache<V> {
  readonly #entries = new Map<string, V>();

  constructor(private readonly max: number) {}

  /** The value of the key, made now if it is not known. */
  get(key: string, make: () => V): V {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const made = make();
    if (this.#entries.size >= this.max) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
    this.#entries.set(key, made);
    return made;
  }

  /** A new cache with the entries that are still good. */
  where(isGood: (value: V) => boolean): BoundedCache<V> {
    const kept = new BoundedCache<V>(this.max);
    for (const [key, value] of this.#entries) if (isGood(value)) kept.#entries.set(key, value);
    return kept;
  }
}
