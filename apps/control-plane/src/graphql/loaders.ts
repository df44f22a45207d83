import DataLoader from 'dataloader';
import { DomainError, type CallContext, type Page, type PageRequest } from '#kernel';
import type { Repository, SortOrder, UnitOfWork } from '#persistence';
import { abilityOf } from '../access/ability-of.js';
import { toConnection, type Connection } from './connection.js';
import { loadables, type LoadableName, type RowOf } from './loadable.js';

/** Reads the objects behind the fields of one operation, together and once. Hidden rows are missing rows. */
export interface Loaders {
  /** The row with this id; null for no id, no row, or one that the caller may not read. */
  find<K extends LoadableName>(type: K, id: string | null | undefined): Promise<RowOf<K> | null>;
  /** One page of the rows of `type` that belong to a parent: `connection('Membership', 'teamId', team.id, page)`. */
  connection<K extends LoadableName>(
    type: K,
    parentProperty: string,
    parentId: string,
    page: PageRequest,
    order?: SortOrder,
  ): Promise<Connection<RowOf<K>>>;
  /** Every row of `type` that belongs to a parent; only where the schema bounds how many there are. */
  children<K extends LoadableName>(type: K, parentProperty: string, parentId: string): Promise<readonly RowOf<K>[]>;
  /** Forgets what was read; after a mutation the rest of the operation must see its effect. */
  clear(): void;
}

type AnyRow = { id: string };

/** More than any user has roles or memberships; a bound all the same. */
const everything: PageRequest = { first: 1000 };

/** Creates the loaders of one request. */
export function createLoaders(unitOfWork: UnitOfWork, ctx: CallContext): Loaders {
  const rows = new Map<string, DataLoader<string, AnyRow | null>>();
  const pages = new Map<string, DataLoader<string, Page<AnyRow>>>();

  const rowLoader = (type: LoadableName) =>
    remembered(rows, type, () => new DataLoader((ids) => findMany(unitOfWork, ctx, type, ids), { maxBatchSize: 500 }));

  const pageLoader = (type: LoadableName, parent: string, page: PageRequest, order: SortOrder) =>
    remembered(pages, JSON.stringify([type, parent, order, page.first, page.after, page.last, page.before]), () => {
      const load = (parentIds: readonly string[]) => findPages(unitOfWork, ctx, type, parent, parentIds, page, order);
      return new DataLoader(load, { maxBatchSize: 500 });
    });

  return {
    find: async <K extends LoadableName>(type: K, id: string | null | undefined) =>
      (id ? await rowLoader(type).load(id) : null) as RowOf<K> | null,
    connection: async <K extends LoadableName>(
      type: K,
      parent: string,
      id: string,
      page: PageRequest,
      order: SortOrder = 'oldest-first',
    ) => toConnection((await pageLoader(type, parent, page, order).load(id)) as Page<RowOf<K>>),
    children: async <K extends LoadableName>(type: K, parent: string, id: string) =>
      (await pageLoader(type, parent, everything, 'oldest-first').load(id)).items.map(({ node }) => node as RowOf<K>),
    clear: () => {
      rows.clear();
      pages.clear();
    },
  };
}

function remembered<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key);
  if (known) return known;
  const made = make();
  map.set(key, made);
  return made;
}

async function findMany(
  unitOfWork: UnitOfWork,
  ctx: CallContext,
  type: LoadableName,
  ids: readonly string[],
): Promise<(AnyRow | null)[]> {
  const { repository, readable } = loadables[type];
  const where = { $and: [{ id: { $in: ids } }, readable(abilityOf(ctx))] };
  const found = await unitOfWork.read(ctx, (tx) => (tx[repository] as unknown as Repository<AnyRow>).list(where));
  const byId = new Map(found.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

function findPages(
  unitOfWork: UnitOfWork,
  ctx: CallContext,
  type: LoadableName,
  parent: string,
  parentIds: readonly string[],
  page: PageRequest,
  order: SortOrder,
): Promise<Page<AnyRow>[]> {
  if (ctx.actor.kind !== 'user') throw new DomainError('UNAUTHENTICATED', 'Sign in first, or send an API token.');
  const { repository, readable } = loadables[type];
  return unitOfWork.read(ctx, (tx) =>
    (tx[repository] as unknown as Repository<AnyRow>).pages(parent, parentIds, readable(abilityOf(ctx)), page, order),
  );
}
