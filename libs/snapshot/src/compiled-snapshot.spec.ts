import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mcpAccessFor } from '#authz';
import { catalogKinds, organizationRoles, teamRoles, visibilities, type Visibility } from '#contracts';
import { sha256Hex } from '#crypto';
import type { CatalogRows, CatalogTable, ObjectRow, RowBatch, TouchedRow } from './catalog-rows.js';
import type { CatalogSnapshot, Endpoint, Principal } from './catalog-snapshot.js';
import { catalogTables } from './catalog-tables.js';
import { createCompiler } from './create-compiler.js';
import { byPlace, placeOf } from './list-place.js';

/** One row of some table as it is now; null: gone. */
interface Change {
  readonly table: CatalogTable;
  readonly organizationId: string;
  readonly id: string;
  readonly row: CatalogRows[CatalogTable] | null;
}

const later = Date.UTC(2100, 0);
const organizations = ['acme', 'zeta'];
const numbers = [0, 1, 2];
const objectTables = ['tools', 'resources', 'resource_templates', 'prompts'] as const;
const idOf = (table: CatalogTable, org: string, n: number): string => `${org}-${table}-${n}`;

/** What a random change is made of; every reference may be to anything, also to what does not exist. */
interface Dice {
  readonly org: string;
  readonly n: number;
  readonly ref: number;
  readonly other: number;
  readonly kind: number;
  readonly on: boolean;
  readonly visibility: Visibility;
  readonly teamRole: string;
  readonly role: string;
}

/** The row number `n` of each table. Both organizations use the same slugs, names and teams. */
const makeRow: { readonly [T in CatalogTable]: (dice: Dice) => CatalogRows[T] } = {
  organizations: ({ org, on }) => ({ id: org, organizationId: org, name: on ? org : 'renamed' }),
  users: ({ org, n, on }) => ({ id: idOf('users', org, n), organizationId: org, status: on ? 'ACTIVE' : 'DISABLED' }),
  memberships: ({ org, n, ref, other, teamRole: role }) => ({
    id: idOf('memberships', org, n),
    organizationId: org,
    role,
    teamId: `team-${other}`,
    userId: idOf('users', org, ref),
  }),
  role_bindings: ({ org, n, ref, on, role }) => ({
    id: idOf('role_bindings', org, n),
    organizationId: org,
    role,
    userId: idOf('users', org, ref),
    expiresAt: on ? null : later,
  }),
  api_tokens: ({ org, n, ref, other, on }) => ({
    id: idOf('api_tokens', org, n),
    organizationId: org,
    tokenHash: `${org}-${n}`,
    scopes: 'mcp',
    expiresAt: later,
    rateLimitPerMinute: on ? null : other + 1,
    rateLimitBurst: on ? null : ref + 1,
    userId: idOf('users', org, ref),
    virtualServerId: on ? null : idOf('virtual_servers', org, other),
  }),
  upstreams: (dice) => ({
    ...shared('upstreams', dice),
    transport: 'STREAMABLE_HTTP',
    url: `https://${dice.org}.example/${dice.other}`,
    command: null,
    shared: false,
    connectTimeoutMs: null,
    headersTimeoutMs: null,
    requestTimeoutMs: null,
    maxRequestMs: null,
    protocolEra: null,
    headers: `{"x-tenant":"${dice.ref}"}`,
    forwardedHeaders: '[]',
    capabilities: dice.on ? null : `{"tools":{"n":${dice.other}}}`,
    health: dice.on ? 'HEALTHY' : 'UNHEALTHY',
    healthCode: dice.on ? null : 'UPSTREAM_REFUSED',
    authHeader: null,
    authSecret: null,
    era: null,
    protocolVersion: null,
  }),
  tools: (dice) => objectRow('tools', dice),
  resources: (dice) => objectRow('resources', dice),
  resource_templates: (dice) => objectRow('resource_templates', dice),
  prompts: (dice) => objectRow('prompts', dice),
  virtual_servers: (dice) => shared('virtual_servers', dice),
  virtual_server_entries: ({ org, n, ref, other, kind, on }) => ({
    id: idOf('virtual_server_entries', org, n),
    organizationId: org,
    kind: catalogKinds[kind] ?? 'TOOL',
    virtualServerId: idOf('virtual_servers', org, ref),
    objectId: idOf(objectTables[kind] ?? 'tools', org, other),
    exposedName: `exposed-${n}`,
    nameOverride: null,
    descriptionOverride: on ? null : 'overridden',
  }),
};

function shared(table: CatalogTable, { org, n, ref, other, on, visibility }: Dice) {
  return {
    id: idOf(table, org, n),
    organizationId: org,
    slug: `slug-${n}`,
    name: `name-${other}`,
    instructions: null,
    visibility,
    ownerId: idOf('users', org, other),
    teamId: `team-${ref}`,
    enabled: on,
  };
}

function objectRow(table: (typeof objectTables)[number], { org, n, ref, other }: Dice): ObjectRow {
  const kind = catalogKinds[objectTables.indexOf(table)] ?? 'TOOL';
  const key = kind === 'RESOURCE_TEMPLATE' ? `doc://${other}/{id}` : `key-${n}`;
  const definition = JSON.stringify({ name: key, uri: key, version: other });
  return {
    id: idOf(table, org, n),
    organizationId: org,
    upstreamId: idOf('upstreams', org, ref),
    kind,
    key,
    requires: other % 3 === 0 ? '[["ROOTS"]]' : '[]',
    definition,
  };
}

const number = fc.constantFrom(...numbers);
const dice = fc.record({
  org: fc.constantFrom(...organizations),
  n: number,
  ref: number,
  other: number,
  kind: fc.nat({ max: 3 }),
  on: fc.integer({ min: 0, max: 4 }).map((one) => one > 0),
  visibility: fc.constantFrom(...visibilities),
  teamRole: fc.constantFrom(...teamRoles),
  role: fc.constantFrom(...organizationRoles),
});
const oneChange = fc
  .tuple(fc.constantFrom(...catalogTables), dice, fc.nat({ max: 5 }))
  .map(([table, thrown, fate]): Change => {
    const row = makeRow[table](thrown);
    // Foreign keys let an organization go only with everything in it: an example elsewhere.
    const gone = fate === 0 && table !== 'organizations';
    return { table, organizationId: row.organizationId, id: row.id, row: gone ? null : row };
  });
interface History {
  readonly first: readonly Change[];
  readonly batches: readonly (readonly Change[])[];
}

/** Some state to start from with every row there, then batches of changes. */
const history = fc
  .tuple(
    fc.array(dice, { minLength: 72, maxLength: 72 }),
    fc.array(fc.array(oneChange, { minLength: 1, maxLength: 5 }), { maxLength: 10 }),
  )
  .map(([throws, batches]): History => {
    const first = catalogTables.flatMap((table, at) =>
      organizations.flatMap((org, which) =>
        numbers.map((n): Change => {
          const thrown = throws[at * 6 + which * 3 + n];
          if (!thrown) throw new Error('more rows than dice');
          const row = makeRow[table]({ ...thrown, org, n });
          return { table, organizationId: org, id: row.id, row };
        }),
      ),
    );
    return { first, batches };
  });

type Rows = Map<string, Change>;

const batchOf = (changes: readonly Change[], touched: 'everything' | readonly TouchedRow[]): RowBatch => ({
  position: 1,
  tables: catalogTables.map((table) => ({
    table,
    rows: changes.flatMap((change) => (change.table === table && change.row ? [{ ...change.row }] : [])),
  })),
  touched,
});

/** Compiles batch after batch, looking at everything in between, so that a part carried over by mistake shows. */
function replay({ first, batches }: History): { rows: Rows; snapshot: CatalogSnapshot } {
  const rows: Rows = new Map();
  const compiler = freshCompiler();
  let snapshot: CatalogSnapshot | undefined;
  for (const batch of [first, ...batches]) {
    const latest = new Map(batch.map((change) => [`${change.table} ${change.id}`, change]));
    for (const [key, change] of latest) rows.set(key, change);
    ({ snapshot } = compiler.compile(batchOf([...latest.values()], [...latest.values()])));
    viewOf(snapshot);
  }
  if (!snapshot) throw new Error('nothing was compiled');
  return { rows, snapshot };
}

const freshCompiler = () =>
  createCompiler({ clock: { now: () => Date.UTC(2026, 0) }, hash: sha256Hex, oldestRevision: 0 });

const principals = (snapshot: CatalogSnapshot): Principal[] =>
  organizations
    .flatMap((org) => numbers.map((n) => snapshot.principalByTokenHash(`${org}-${n}`)))
    .filter((found) => found !== null);

const view = (endpoint: Endpoint | null) =>
  endpoint && {
    head: [endpoint.kind, endpoint.subjectId, endpoint.slug, endpoint.name],
    upstreams: endpoint.upstreams.map(({ id, slug, capabilities, health, healthCode }) => [
      ...[id, slug, capabilities],
      ...[health, healthCode],
    ]),
    targets: [endpoint.tools, endpoint.prompts, endpoint.resources].map((table) =>
      [...table].map(([name, target]) => [name, target.objectId, target.originalName, target.upstream]),
    ),
    listed: [
      endpoint.listed.tools,
      endpoint.listed.prompts,
      endpoint.listed.resources,
      endpoint.listed.resourceTemplates,
    ],
    routed: numbers.map((n) => endpoint.resolveResource(`gatehouse:slug-${n}:doc://1/x`)?.originalName),
  };
const endpointsOf = (snapshot: CatalogSnapshot, found: Principal) => [
  snapshot.aggregate(found),
  ...numbers.map((n) => snapshot.virtualServer(found, `slug-${n}`)),
  ...numbers.map((n) => snapshot.upstream(found, `slug-${n}`)),
];
const reachable = (snapshot: CatalogSnapshot, found: Principal) =>
  endpointsOf(snapshot, found).filter((endpoint) => endpoint !== null);
const viewOf = (snapshot: CatalogSnapshot) =>
  principals(snapshot).map((found) => ({ found, endpoints: endpointsOf(snapshot, found).map(view) }));

/** What authz says about a principal, asked directly with the rows. */
function accessOf(found: Principal, rows: readonly Change[]) {
  const own = <T extends 'memberships' | 'role_bindings'>(table: T): CatalogRows[T][] =>
    tableOf(rows, table).filter(
      ({ userId, organizationId }) => [userId, organizationId].join() === [found.userId, found.organizationId].join(),
    );
  const roles = [
    ...own('memberships').map(({ role, teamId }) => ({ role, teamId })),
    ...own('role_bindings').map(({ role }) => ({ role, teamId: null })),
  ];
  const { userId, organizationId, virtualServerId } = found;
  return mcpAccessFor({ userId, organizationId, roles, scope: { scopes: ['mcp'], virtualServerId } });
}

const tableOf = <T extends CatalogTable>(rows: readonly Change[], table: T): CatalogRows[T][] =>
  rows.flatMap((change) => (change.table === table && change.row ? [change.row as CatalogRows[T]] : []));

describe('any history of changes', () => {
  it('leads to the same snapshot as loading its result at once', () => {
    fc.assert(
      fc.property(history, (past) => {
        const { rows, snapshot } = replay(past);
        const atOnce = freshCompiler().compile(batchOf([...rows.values()], 'everything')).snapshot;
        expect(viewOf(snapshot)).toEqual(viewOf(atOnce));
      }),
    );
  });

  it('shows exactly what authz allows', () => {
    fc.assert(
      fc.property(history, (past) => {
        const { rows, snapshot } = replay(past);
        const all = [...rows.values()];
        for (const found of principals(snapshot)) {
          const access = accessOf(found, all);
          const inside = (row: { organizationId: string }) => row.organizationId === found.organizationId;
          const servers = tableOf(all, 'virtual_servers').filter(
            (row) => inside(row) && row.enabled && access.execute('VirtualServer', row),
          );
          const upstreams = tableOf(all, 'upstreams').filter((row) => inside(row) && row.enabled);
          const toolsOf = new Map(tableOf(all, 'tools').map(({ id, upstreamId }) => [id, upstreamId]));
          const ownUse = (objectId: string): boolean => {
            const upstream = upstreams.find(({ id }) => id === toolsOf.get(objectId));
            return upstream !== undefined && access.executeEntry('Tool', { ...upstream, id: objectId });
          };
          // A private server lends nothing: what its owner may not use is not in it.
          const entries = tableOf(all, 'virtual_server_entries').filter(({ virtualServerId, objectId }) =>
            servers.some(
              ({ id, visibility }) => id === virtualServerId && (visibility !== 'PRIVATE' || ownUse(objectId)),
            ),
          );
          const passed = upstreams.filter((row) => access.passThrough(row)).map(({ slug }) => slug);
          const tools = tableOf(all, 'tools').filter(({ id, upstreamId }) => {
            const { id: _, ...shown } = upstreams.find((row) => row.id === upstreamId) ?? { id: '' };
            return (
              'visibility' in shown &&
              (access.execute('Tool', shown) || entries.some((entry) => entry.objectId === id && entry.kind === 'TOOL'))
            );
          });
          const slugs = numbers.map((n) => `slug-${n}`);
          expect(slugs.filter((slug) => snapshot.virtualServer(found, slug))).toEqual(
            servers.map(({ slug }) => slug).toSorted(),
          );
          expect(slugs.filter((slug) => snapshot.upstream(found, slug))).toEqual(passed.toSorted());
          const shown = [...snapshot.aggregate(found).tools.values()].map(({ objectId }) => objectId);
          expect(shown.toSorted()).toEqual(tools.map(({ id }) => id).toSorted());
        }
      }),
    );
  });

  it('lists everything in the one order that places have', () => {
    fc.assert(
      fc.property(history, (past) => {
        const { snapshot } = replay(past);
        for (const found of principals(snapshot))
          for (const endpoint of reachable(snapshot, found))
            for (const list of [endpoint.tools, endpoint.prompts, endpoint.resources, endpoint.resourceTemplates]) {
              const places = [...list.values()].map((target) => placeOf(endpoint, target));
              expect(places).toEqual(places.toSorted(byPlace));
              expect(new Set(places.map((place) => place.join(' '))).size).toBe(places.length);
            }
      }),
    );
  });

  it('never shows anything of another organization', () => {
    fc.assert(
      fc.property(history, (past) => {
        for (const { found, endpoints } of viewOf(replay(past).snapshot)) {
          expect(JSON.stringify(endpoints)).not.toContain(found.organizationId === 'acme' ? 'zeta' : 'acme');
        }
      }),
    );
  });
});
