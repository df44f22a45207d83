/** What a row was and is; null for one that did not or does not exist. */
export interface RowChange<R> {
  readonly before: R | null;
  readonly after: R | null;
}

const sameFields = <R extends object>(a: R, b: R): boolean =>
  Object.keys(b).every((field) => a[field as keyof R] === b[field as keyof R]);

/** Rows by id and by further keys, such as the rows of one user. Private to the source: readers never see it. */
export class RowTable<R extends { readonly id: string }, G extends string = never> {
  readonly #rows = new Map<string, R>();
  readonly #groups = new Map<G, Map<string, Map<string, R>>>();
  readonly #keyOf: Readonly<Record<G, (row: R) => string>>;

  constructor(keyOf: Readonly<Record<G, (row: R) => string>>) {
    this.#keyOf = keyOf;
    for (const group of Object.keys(keyOf) as G[]) this.#groups.set(group, new Map());
  }

  get(id: string): R | undefined {
    return this.#rows.get(id);
  }

  ids(): string[] {
    return [...this.#rows.keys()];
  }

  /** The rows with this key in a group, in no particular order. */
  in(group: G, key: string): readonly R[] {
    return [...(this.#groups.get(group)?.get(key)?.values() ?? [])];
  }

  /** Puts or removes a row. @returns null when it says what was known already: the known object stays. */
  set(id: string, after: R | null): RowChange<R> | null {
    const before = this.#rows.get(id) ?? null;
    if (before === null ? after === null : after !== null && sameFields(before, after)) return null;
    if (after === null) this.#rows.delete(id);
    else this.#rows.set(id, after);
    for (const [group, members] of this.#groups) this.#regroup(members, this.#keyOf[group], id, before, after);
    return { before, after };
  }

  #regroup(
    members: Map<string, Map<string, R>>,
    keyOf: (row: R) => string,
    id: string,
    before: R | null,
    after: R | null,
  ): void {
    if (before !== null) {
      const left = members.get(keyOf(before));
      left?.delete(id);
      if (left?.size === 0) members.delete(keyOf(before));
    }
    if (after === null) return;
    const joined = members.get(keyOf(after)) ?? new Map<string, R>();
    members.set(keyOf(after), joined.set(id, after));
  }
}
