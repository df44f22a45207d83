import type { CatalogRow } from './to-catalog-row.js';

/** A stored object: enough to see whether it changed. */
export interface StoredObject {
  readonly id: string;
  readonly key: string;
  readonly fingerprint: string;
  /** JSON of RequiredClientCapabilities. */
  readonly requires: string;
}

/** What turns the stored objects of one list into those that the upstream offers now. */
export interface ListDiff {
  readonly added: readonly CatalogRow[];
  /** They keep their row, and so their place in virtual servers. */
  readonly changed: readonly (CatalogRow & { readonly id: string })[];
  /** Row ids. */
  readonly removed: readonly string[];
  readonly unchanged: number;
}

/**
 * Compares by key, fingerprint and requirement.
 * @param isWhole false: what only some clients are offered was not read, so what is known of it stays
 */
export function diffList(stored: readonly StoredObject[], offered: readonly CatalogRow[], isWhole = true): ListDiff {
  const gone = new Map(stored.map((object) => [object.key, object]));
  const added: CatalogRow[] = [];
  const changed: (CatalogRow & { id: string })[] = [];
  for (const row of offered) {
    const object = gone.get(row.key);
    gone.delete(row.key);
    if (!object) added.push(row);
    else if (object.fingerprint !== row.fingerprint || object.requires !== row.requires)
      changed.push({ ...row, id: object.id });
  }
  const left = [...gone.values()];
  const stays = ({ requires }: StoredObject): boolean => !isWhole && requires !== '[]';
  return {
    added,
    changed,
    removed: left.filter((object) => !stays(object)).map(({ id }) => id),
    unchanged: offered.length - added.length - changed.length + left.filter(stays).length,
  };
}

/** Whether there is nothing to write. */
export const isEmpty = ({ added, changed, removed }: ListDiff): boolean =>
  added.length + changed.length + removed.length === 0;

/** How many objects each part of a diff has. */
export const countsOf = ({ added, changed, removed, unchanged }: ListDiff) => ({
  added: added.length,
  changed: changed.length,
  removed: removed.length,
  unchanged,
});
