import type { JsonObject } from '#mcp';

interface Entry {
  readonly text: string;
  readonly value: JsonObject;
  uses: number;
}

/** JSON objects that many sessions have alike (one client program declares one thing), each kept once while it is used. */
export class SharedValues {
  readonly #entries = new Map<string, Entry>();
  readonly #byValue = new WeakMap<JsonObject, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  /** The shared object that equals a given one; `drop` it as often as it was taken. */
  take(given: JsonObject): JsonObject {
    const text = JSON.stringify(given);
    let entry = this.#entries.get(text);
    if (entry === undefined) {
      // A copy, because the given one hangs on to the body that it was parsed from.
      entry = { text, value: JSON.parse(text) as JsonObject, uses: 0 };
      this.#entries.set(text, entry);
      this.#byValue.set(entry.value, entry);
    }
    entry.uses++;
    return entry.value;
  }

  drop(value: JsonObject): void {
    const entry = this.#byValue.get(value);
    if (entry === undefined) return;
    entry.uses--;
    if (entry.uses === 0) this.#entries.delete(entry.text);
  }
}
