import type { CatalogKind, Era, HealthState, UpstreamTransport, Visibility } from '#contracts';

/** The columns of every row that compiling needs: flat values only, so that two rows compare field by field. */
interface Row {
  readonly id: string;
  readonly organizationId: string;
}

export interface OrganizationRow extends Row {
  readonly name: string;
}

export interface UserRow extends Row {
  readonly status: string;
}

export interface MembershipRow extends Row {
  readonly teamId: string;
  readonly userId: string;
  readonly role: string;
}

export interface RoleBindingRow extends Row {
  readonly userId: string;
  readonly role: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | null;
}

export interface ApiTokenRow extends Row {
  readonly userId: string;
  readonly tokenHash: string;
  /** Blank-separated. */
  readonly scopes: string;
  readonly virtualServerId: string | null;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Both or neither. */
  readonly rateLimitPerMinute: number | null;
  readonly rateLimitBurst: number | null;
}

export interface UpstreamRow extends Row {
  readonly slug: string;
  readonly name: string;
  readonly transport: UpstreamTransport;
  readonly url: string | null;
  readonly command: string | null;
  readonly shared: boolean;
  readonly connectTimeoutMs: number | null;
  readonly headersTimeoutMs: number | null;
  readonly requestTimeoutMs: number | null;
  readonly maxRequestMs: number | null;
  /** JSON: an object of texts. */
  readonly headers: string;
  /** JSON: an array of `{ from, to }`. */
  readonly forwardedHeaders: string;
  readonly visibility: Visibility;
  readonly ownerId: string;
  readonly teamId: string | null;
  readonly enabled: boolean;
  readonly authHeader: string | null;
  readonly authSecret: string | null;
  readonly protocolEra: Era | null;
  readonly era: Era | null;
  readonly protocolVersion: string | null;
  readonly capabilities: string | null;
  readonly instructions: string | null;
}

/** What the last check of an upstream said: beside its row, because it compiles to nothing. */
export interface UpstreamHealth {
  readonly health: HealthState;
  readonly healthCode: string | null;
}

/** A tool, prompt, resource or resource template. */
export interface ObjectRow extends Row {
  readonly upstreamId: string;
  readonly kind: CatalogKind;
  /** What clients ask for: the name of a tool or prompt, the URI or URI template of a resource. */
  readonly key: string;
  /** JSON of RequiredClientCapabilities. */
  readonly requires: string;
  readonly definition: string;
}

export interface VirtualServerRow extends Row {
  readonly slug: string;
  readonly name: string;
  readonly visibility: Visibility;
  readonly ownerId: string;
  readonly teamId: string | null;
  readonly enabled: boolean;
  readonly instructions: string | null;
}

export interface EntryRow extends Row {
  readonly virtualServerId: string;
  readonly kind: CatalogKind;
  readonly objectId: string;
  readonly exposedName: string;
  readonly nameOverride: string | null;
  readonly descriptionOverride: string | null;
}

/** Tables by their name in the database, which is the `kind` of a change. */
export interface CatalogRows {
  readonly organizations: OrganizationRow;
  readonly users: UserRow;
  readonly memberships: MembershipRow;
  readonly role_bindings: RoleBindingRow;
  readonly api_tokens: ApiTokenRow;
  readonly upstreams: UpstreamRow & UpstreamHealth;
  readonly tools: ObjectRow;
  readonly resources: ObjectRow;
  readonly resource_templates: ObjectRow;
  readonly prompts: ObjectRow;
  readonly virtual_servers: VirtualServerRow;
  readonly virtual_server_entries: EntryRow;
}

export type CatalogTable = keyof CatalogRows;

/** Some rows of one table. */
export interface TableRows<T extends CatalogTable = CatalogTable> {
  readonly table: T;
  readonly rows: readonly CatalogRows[T][];
}

/** What was read at one moment: everything, or what the touched ids are now (a touched id without a row is gone). */
export interface RowBatch {
  /** The newest revision at that moment; 0 when no change is kept. */
  readonly position: number;
  readonly tables: readonly TableRows[];
  readonly touched: 'everything' | readonly TouchedRow[];
}

export interface TouchedRow {
  readonly organizationId: string;
  readonly table: CatalogTable;
  readonly id: string;
}
