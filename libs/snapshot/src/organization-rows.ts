import type {
  ApiTokenRow,
  CatalogRows,
  CatalogTable,
  EntryRow,
  MembershipRow,
  ObjectRow,
  OrganizationRow,
  RoleBindingRow,
  UpstreamHealth,
  UpstreamRow,
  UserRow,
  VirtualServerRow,
} from './catalog-rows.js';
import { RowTable } from './row-table.js';

/** What the last check of one upstream said, replaced by each flip. */
export interface HealthCell {
  readonly current: UpstreamHealth;
}

/** Ids of what must be compiled again. */
export interface Dirt {
  organization: boolean;
  readonly users: Set<string>;
  readonly tokens: Set<string>;
  readonly upstreams: Set<string>;
  readonly objects: Set<string>;
  readonly servers: Set<string>;
}

const clean = (): Dirt => ({
  organization: false,
  users: new Set(),
  tokens: new Set(),
  upstreams: new Set(),
  objects: new Set(),
  servers: new Set(),
});

/** Whether nothing must be compiled again. */
export const isClean = ({ organization, ...ids }: Dirt): boolean =>
  !organization && Object.values(ids).every(({ size }) => size === 0);

/** The rows of one organization. References are followed inside it only, so no row can lead into another one. */
export class OrganizationRows {
  readonly organizations = new RowTable<OrganizationRow>({});
  readonly users = new RowTable<UserRow>({});
  readonly memberships = new RowTable<MembershipRow, 'user'>({ user: (row) => row.userId });
  readonly bindings = new RowTable<RoleBindingRow, 'user'>({ user: (row) => row.userId });
  readonly tokens = new RowTable<ApiTokenRow, 'user'>({ user: (row) => row.userId });
  readonly upstreams = new RowTable<UpstreamRow>({});
  readonly #health = new Map<string, { current: UpstreamHealth }>();
  readonly objects = new RowTable<ObjectRow, 'upstream' | 'kind'>({
    upstream: (row) => row.upstreamId,
    kind: (row) => row.kind,
  });
  readonly servers = new RowTable<VirtualServerRow>({});
  readonly entries = new RowTable<EntryRow, 'server' | 'object'>({
    server: (row) => row.virtualServerId,
    object: (row) => row.objectId,
  });
  #dirt = clean();

  /** What has changed since it was last asked. */
  takeDirt(): Dirt {
    const dirt = this.#dirt;
    this.#dirt = clean();
    return dirt;
  }

  /** Where the health of an upstream stands: the same object for as long as the upstream is there. */
  healthOf(upstreamId: string): HealthCell {
    return this.#cellOf(upstreamId);
  }

  #cellOf(upstreamId: string): { current: UpstreamHealth } {
    let cell = this.#health.get(upstreamId);
    if (!cell) this.#health.set(upstreamId, (cell = { current: { health: 'UNKNOWN', healthCode: null } }));
    return cell;
  }

  /** The ids known of one table. */
  idsOf(table: CatalogTable): string[] {
    const kind = kindOf[table];
    return kind === undefined ? this.#stores[table].ids() : this.objects.in('kind', kind).map(({ id }) => id);
  }

  /** Puts a row as it is now; null: it is gone. */
  set<T extends CatalogTable>(table: T, id: string, row: CatalogRows[T] | null): void {
    this.#setters[table](id, row);
  }

  readonly #setObject = (id: string, row: ObjectRow | null): void => {
    const change = this.objects.set(id, row);
    if (change === null) return;
    this.#dirt.objects.add(id);
    for (const side of sides(change)) this.#dirt.upstreams.add(side.upstreamId);
  };

  /** A flip touches the cell alone, so it makes nothing dirty. */
  #takeHealth({ health, healthCode, ...row }: CatalogRows['upstreams']): UpstreamRow {
    const cell = this.#cellOf(row.id);
    if (cell.current.health !== health || cell.current.healthCode !== healthCode) cell.current = { health, healthCode };
    return row;
  }

  readonly #setters: { readonly [T in CatalogTable]: (id: string, row: CatalogRows[T] | null) => void } = {
    organizations: (id, row) => {
      if (this.organizations.set(id, row)) this.#dirt.organization = true;
    },
    users: (id, row) => {
      if (this.users.set(id, row)) this.#dirt.users.add(id);
    },
    memberships: (id, row) => {
      for (const side of sides(this.memberships.set(id, row))) this.#dirt.users.add(side.userId);
    },
    role_bindings: (id, row) => {
      for (const side of sides(this.bindings.set(id, row))) this.#dirt.users.add(side.userId);
    },
    api_tokens: (id, row) => {
      if (this.tokens.set(id, row)) this.#dirt.tokens.add(id);
    },
    upstreams: (id, whole) => {
      if (this.upstreams.set(id, whole && this.#takeHealth(whole))) this.#dirt.upstreams.add(id);
      if (whole === null) this.#health.delete(id);
    },
    tools: this.#setObject,
    resources: this.#setObject,
    resource_templates: this.#setObject,
    prompts: this.#setObject,
    virtual_servers: (id, row) => {
      if (this.servers.set(id, row)) this.#dirt.servers.add(id);
    },
    virtual_server_entries: (id, row) => {
      for (const side of sides(this.entries.set(id, row))) this.#dirt.servers.add(side.virtualServerId);
    },
  };

  readonly #stores: { readonly [T in CatalogTable]: { ids(): string[] } } = {
    organizations: this.organizations,
    users: this.users,
    memberships: this.memberships,
    role_bindings: this.bindings,
    api_tokens: this.tokens,
    upstreams: this.upstreams,
    tools: this.objects,
    resources: this.objects,
    resource_templates: this.objects,
    prompts: this.objects,
    virtual_servers: this.servers,
    virtual_server_entries: this.entries,
  };
}

const kindOf: Partial<Record<CatalogTable, ObjectRow['kind']>> = {
  tools: 'TOOL',
  resources: 'RESOURCE',
  resource_templates: 'RESOURCE_TEMPLATE',
  prompts: 'PROMPT',
};

const sides = <R>(change: { before: R | null; after: R | null } | null): R[] =>
  change === null ? [] : [change.before, change.after].filter((side) => side !== null);
