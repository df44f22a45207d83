import type { Clock } from '#kernel';
import type { CatalogTable, RowBatch, TableRows } from './catalog-rows.js';
import type { Principal } from './catalog-snapshot.js';
import { catalogTables } from './catalog-tables.js';
import { compileOrganization, type Work } from './compile-organization.js';
import type { CompiledOrganization } from './compiled-organization.js';
import { CompiledSnapshot } from './compiled-snapshot.js';
import type { CompiledToken } from './compile-principals.js';
import { isClean, OrganizationRows } from './organization-rows.js';

/** Turns what was read into the next snapshot. Keeps rows and parts, so that a change costs what it touches. */
export interface Compiler {
  /** After it threw, the compiler knows half of a change: start a new one. */
  compile(batch: RowBatch): { readonly snapshot: CompiledSnapshot; readonly work: Work };
}

/** What a compiler works with. */
export interface CompilerOptions {
  readonly clock: Clock;
  readonly hash: (text: string) => string;
  /** Revisions never count below this. */
  readonly oldestRevision: number;
}

/** Starts without any row; the first batch must hold everything. */
export function createCompiler({ clock, hash, oldestRevision }: CompilerOptions): Compiler {
  const rows = new Map<string, OrganizationRows>();
  let last = new CompiledSnapshot(oldestRevision, new Map(), new Map(), clock);
  return {
    compile: (batch) => {
      putRows(rows, batch);
      const work: Work = { upstreams: 0, virtualServers: 0, users: 0, tokens: 0, catalogues: 0 };
      const organizations = new Map<string, CompiledOrganization>();
      const principals = new PrincipalTable(last.principals);
      for (const [id, own] of rows) {
        const previous = last.organizations.get(id);
        const dirt = own.takeDirt();
        const next = isClean(dirt) ? previous : compileOrganization({ id, rows: own, dirt, previous, work, hash });
        if (next) organizations.set(id, next);
        else rows.delete(id);
        principals.replace(previous?.tokens, next?.tokens);
      }
      // A restored database may count from an earlier revision again; readers take a greater number for a later state.
      const revision = Math.max(batch.position, last.revision);
      last = new CompiledSnapshot(revision, organizations, principals.done(), clock);
      return { snapshot: last, work };
    },
  };
}

function putRows(store: Map<string, OrganizationRows>, { tables, touched }: RowBatch): void {
  const present = new Set<string>();
  const keyOf = (table: CatalogTable, organizationId: string, id: string): string => `${table} ${organizationId} ${id}`;
  const put = <T extends CatalogTable>({ table, rows }: TableRows<T>): void => {
    for (const row of rows) {
      present.add(keyOf(table, row.organizationId, row.id));
      let own = store.get(row.organizationId);
      if (!own) store.set(row.organizationId, (own = new OrganizationRows()));
      own.set(table, row.id, row);
    }
  };
  for (const table of tables) put(table);
  const gone = (organizationId: string, table: CatalogTable, id: string): void => {
    if (!present.has(keyOf(table, organizationId, id))) store.get(organizationId)?.set(table, id, null);
  };
  if (touched !== 'everything') {
    for (const { organizationId, table, id } of touched) gone(organizationId, table, id);
    return;
  }
  for (const [organizationId, own] of store) {
    for (const table of catalogTables) for (const id of own.idsOf(table)) gone(organizationId, table, id);
  }
}

type Tokens = ReadonlyMap<string, CompiledToken>;

/** The table of all principals, copied only when one of them changed. */
class PrincipalTable {
  #copy: Map<string, Principal> | undefined;

  constructor(private readonly previous: ReadonlyMap<string, Principal>) {}

  /** Takes over what changed among the tokens of one organization. */
  replace(before: Tokens = new Map(), after: Tokens = new Map()): void {
    if (before === after) return;
    const copy = (this.#copy ??= new Map(this.previous));
    for (const [id, { hash }] of before) if (!after.has(id)) copy.delete(hash);
    for (const [id, token] of after) {
      const known = before.get(id);
      if (known === token) continue;
      if (known) copy.delete(known.hash);
      copy.set(token.hash, token.principal);
    }
  }

  done(): ReadonlyMap<string, Principal> {
    return this.#copy ?? this.previous;
  }
}
