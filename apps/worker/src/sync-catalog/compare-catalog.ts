import type { ReadTransaction, WriteTransaction } from '#persistence';
import { catalogTables, listNames, type ListName } from './catalog-lists.js';
import { countsOf, diffList, isEmpty, type ListDiff } from './diff-list.js';
import type { OfferedCatalog } from './read-upstream.js';
import { readList, writeList, type ListOwner } from './write-list.js';

/** What a sync has to do to each list. */
export type CatalogDiff = Readonly<Record<ListName, ListDiff>>;

/** Compares what is stored for an upstream with what it offers. */
export async function compareCatalog(
  tx: ReadTransaction,
  upstreamId: string,
  { lists, isWhole }: OfferedCatalog,
): Promise<CatalogDiff> {
  const diffs: [ListName, ListDiff][] = [];
  for (const list of listNames) {
    const stored = await readList(tx.sql, catalogTables[list], upstreamId);
    diffs.push([list, diffList(stored, lists[list], isWhole)]);
  }
  return Object.fromEntries(diffs) as Record<ListName, ListDiff>;
}

/** Whether the stored catalogue is the offered one already. */
export const isCurrent = (diff: CatalogDiff): boolean => listNames.every((list) => isEmpty(diff[list]));

/** How many objects of each list were added, changed and removed. */
export const catalogCounts = (diff: CatalogDiff) =>
  Object.fromEntries(listNames.map((list) => [list, countsOf(diff[list])]));

/** Stores the offered catalogue and returns what that changed. The caller holds the lock of the upstream's row. */
export async function storeCatalog(
  tx: WriteTransaction,
  owner: ListOwner,
  offered: OfferedCatalog,
): Promise<CatalogDiff> {
  const diff = await compareCatalog(tx, owner.upstreamId, offered);
  for (const list of listNames) await writeList(tx.sql, catalogTables[list], owner, diff[list]);
  return diff;
}
