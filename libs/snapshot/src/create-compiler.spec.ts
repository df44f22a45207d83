import { beforeEach, describe, expect, it } from 'vitest';
import { sha256Hex } from '#crypto';
import type { CatalogRows, CatalogTable, RowBatch, TouchedRow } from './catalog-rows.js';
import type { CatalogSnapshot, Endpoint } from './catalog-snapshot.js';
import { catalogTables } from './catalog-tables.js';
import { createCompiler } from './create-compiler.js';

const far = Date.UTC(2100, 0);
let now = Date.UTC(2026, 0);
const clock = { now: () => now };
const freshCompiler = () => createCompiler({ clock, hash: sha256Hex, oldestRevision: 0 });

/** The rows of a database, and what has changed since they were last read. */
class Rows {
  readonly #rows = new Map<CatalogTable, Map<string, CatalogRows[CatalogTable]>>();
  #touched: TouchedRow[] = [];
  #position = 0;

  put<T extends CatalogTable>(table: T, row: CatalogRows[T]): void {
    const rows = this.#rows.get(table) ?? new Map<string, CatalogRows[CatalogTable]>();
    this.#rows.set(table, rows.set(row.id, row));
    this.#touch(table, row.organizationId, row.id);
  }
  edit<T extends CatalogTable>(table: T, id: string, change: Partial<CatalogRows[T]>): void {
    this.put(table, { ...(this.#rows.get(table)?.get(id) as CatalogRows[T]), ...change });
  }
  remove(table: CatalogTable, id: string): void {
    const row = this.#rows.get(table)?.get(id);
    if (!row) return;
    this.#rows.get(table)?.delete(id);
    this.#touch(table, row.organizationId, id);
  }
  everything(): RowBatch {
    const tables = catalogTables.map((table) => ({ table, rows: [...(this.#rows.get(table)?.values() ?? [])] }));
    return { position: this.#position, tables, touched: 'everything' };
  }
  changes(): RowBatch {
    const touched = this.#touched;
    this.#touched = [];
    const tables = this.everything().tables.map(({ table, rows }) => ({
      table,
      rows: rows
        .filter(({ id }) => touched.some((one) => one.table === table && one.id === id))
        .map((row) => structuredClone(row)),
    }));
    return { position: this.#position, tables, touched };
  }
  #touch(table: CatalogTable, organizationId: string, id: string): void {
    this.#touched.push({ organizationId, table, id });
    this.#position++;
  }
}

const user = (id: string, organizationId: string) => ({ id, organizationId, status: 'ACTIVE' });
const upstream = (id: string, organizationId: string, slug: string): CatalogRows['upstreams'] => ({
  id,
  organizationId,
  slug,
  name: slug,
  transport: 'STREAMABLE_HTTP',
  url: `https://${id}.example/mcp`,
  command: null,
  shared: false,
  connectTimeoutMs: null,
  headersTimeoutMs: null,
  requestTimeoutMs: null,
  maxRequestMs: null,
  protocolEra: null,
  headers: '{}',
  forwardedHeaders: '[]',
  visibility: 'TEAM',
  ownerId: 'admin',
  teamId: 'red',
  enabled: true,
  authHeader: null,
  authSecret: null,
  era: null,
  protocolVersion: null,
  capabilities: null,
  instructions: null,
  health: 'UNKNOWN',
  healthCode: null,
});
const object = (id: string, organizationId: string, upstreamId: string, key: string): CatalogRows['tools'] => ({
  id,
  organizationId,
  upstreamId,
  kind: 'TOOL',
  key,
  requires: '[]',
  definition: `{ "name": ${JSON.stringify(key)}, "big": 12345678901234567890 }`,
});
const server = (id: string, organizationId: string, slug: string): CatalogRows['virtual_servers'] => ({
  id,
  organizationId,
  slug,
  name: slug,
  visibility: 'ORGANIZATION',
  ownerId: 'admin',
  teamId: null,
  enabled: true,
  instructions: null,
});
const entry = (id: string, organizationId: string, virtualServerId: string, objectId: string, exposedName: string) =>
  ({
    id,
    organizationId,
    virtualServerId,
    kind: 'TOOL',
    objectId,
    exposedName,
    nameOverride: null,
    descriptionOverride: null,
  }) satisfies CatalogRows['virtual_server_entries'];
const token = (id: string, organizationId: string, userId: string): CatalogRows['api_tokens'] => ({
  id,
  organizationId,
  userId,
  tokenHash: `hash-of-${id}`,
  scopes: 'control:read mcp',
  virtualServerId: null,
  expiresAt: far,
  rateLimitPerMinute: null,
  rateLimitBurst: null,
});

let rows: Rows;
let compiler: ReturnType<typeof freshCompiler>;
const compile = () => compiler.compile(rows.changes());

/** ACME: upstreams `git` (team red; tools log, push) and `web` (team red; fetch), server `tools` with push; rita is in red, otto is not. */
beforeEach(() => {
  now = Date.UTC(2026, 0);
  rows = new Rows();
  compiler = freshCompiler();
  rows.put('organizations', { id: 'acme', organizationId: 'acme', name: 'ACME' });
  for (const name of ['rita', 'otto', 'admin']) {
    rows.put('users', user(name, 'acme'));
    rows.put('api_tokens', token(`${name}-token`, 'acme', name));
  }
  rows.put('memberships', { id: 'm1', organizationId: 'acme', teamId: 'red', userId: 'rita', role: 'team-developer' });
  rows.put('upstreams', upstream('up-web', 'acme', 'web'));
  rows.put('upstreams', upstream('up-git', 'acme', 'git'));
  rows.put('tools', object('t-push', 'acme', 'up-git', 'push'));
  rows.put('tools', object('t-log', 'acme', 'up-git', 'log'));
  rows.put('tools', object('t-fetch', 'acme', 'up-web', 'fetch'));
  rows.put('virtual_servers', server('vs-tools', 'acme', 'tools'));
  rows.put('virtual_server_entries', entry('e1', 'acme', 'vs-tools', 't-push', 'send'));
});

const principal = (snapshot: CatalogSnapshot, name: string) => {
  const found = snapshot.principalByTokenHash(`hash-of-${name}-token`);
  if (!found) throw new Error(`no token of ${name}`);
  return found;
};
const toolsOf = (endpoint: Endpoint | null) => endpoint && [...endpoint.tools.keys()];
const seenBy = (snapshot: CatalogSnapshot, name: string) => toolsOf(snapshot.aggregate(principal(snapshot, name)));

describe('what a principal reaches', () => {
  it('joins the upstreams of their teams, in the order of slugs and names', () => {
    expect(seenBy(compile().snapshot, 'rita')).toEqual(['git__log', 'git__push', 'web__fetch']);
  });

  it('opens the entries of a virtual server without a right on their upstream, and nothing more', () => {
    const { snapshot } = compile();
    const otto = principal(snapshot, 'otto');
    expect(toolsOf(snapshot.virtualServer(otto, 'tools'))).toEqual(['send']);
    expect(seenBy(snapshot, 'otto')).toEqual(['git__push']);
    expect(snapshot.upstream(otto, 'git')).toBeNull();
    expect(toolsOf(snapshot.upstream(principal(snapshot, 'rita'), 'git'))).toEqual(['log', 'push']);
  });

  it('lists definitions byte for byte, or with the changed members only', () => {
    rows.edit('virtual_server_entries', 'e1', { descriptionOverride: 'Sends.' });
    const { snapshot } = compile();
    const rita = principal(snapshot, 'rita');
    expect(snapshot.upstream(rita, 'git')?.listed.tools).toEqual([
      '{ "name": "log", "big": 12345678901234567890 }',
      '{ "name": "push", "big": 12345678901234567890 }',
    ]);
    expect(snapshot.virtualServer(rita, 'tools')?.listed.tools).toEqual([
      '{ "name": "send", "big": 12345678901234567890 ,"description":"Sends."}',
    ]);
    expect(snapshot.aggregate(rita).listed.tools[1]).toBe('{ "name": "git__push", "big": 12345678901234567890 }');
  });

  it('binds a token to its virtual server', () => {
    rows.edit('api_tokens', 'rita-token', { virtualServerId: 'vs-tools' });
    rows.put('virtual_servers', server('vs-other', 'acme', 'other'));
    const { snapshot } = compile();
    const rita = principal(snapshot, 'rita');
    expect(seenBy(snapshot, 'rita')).toEqual(['git__push']);
    expect(toolsOf(snapshot.virtualServer(rita, 'tools'))).toEqual(['send']);
    expect([snapshot.virtualServer(rita, 'other'), snapshot.upstream(rita, 'git')]).toEqual([null, null]);
  });

  it('[UPT-7] gives a principal the limit of its token', () => {
    rows.edit('api_tokens', 'rita-token', { rateLimitPerMinute: 60, rateLimitBurst: 5 });
    const { snapshot } = compile();
    expect(principal(snapshot, 'rita').rateLimit).toEqual({ perMinute: 60, burst: 5 });
    expect(principal(snapshot, 'otto').rateLimit).toBeNull();
  });

  it('gives nothing without the scope mcp', () => {
    rows.edit('api_tokens', 'rita-token', { scopes: 'control:read control:write' });
    const { snapshot } = compile();
    const rita = principal(snapshot, 'rita');
    expect([seenBy(snapshot, 'rita'), snapshot.virtualServer(rita, 'tools'), snapshot.upstream(rita, 'git')]).toEqual([
      [],
      null,
      null,
    ]);
  });

  it('ends a role binding and a token at their time, without a change', () => {
    rows.remove('memberships', 'm1');
    rows.put('role_bindings', {
      id: 'b1',
      organizationId: 'acme',
      userId: 'rita',
      role: 'organization-admin',
      expiresAt: now + 10,
    });
    rows.edit('api_tokens', 'rita-token', { expiresAt: now + 20 });
    const { snapshot } = compile();
    expect(seenBy(snapshot, 'rita')).toHaveLength(3);
    now += 10;
    expect(seenBy(snapshot, 'rita')).toEqual(['git__push']);
    now += 10;
    expect(seenBy(snapshot, 'rita')).toEqual([]);
    expect(snapshot.virtualServer(principal(snapshot, 'rita'), 'tools')).toBeNull();
  });

  it('treats what is disabled like what is missing', () => {
    rows.edit('upstreams', 'up-git', { enabled: false });
    const { snapshot } = compile();
    const rita = principal(snapshot, 'rita');
    expect(seenBy(snapshot, 'rita')).toEqual(['web__fetch']);
    expect([snapshot.upstream(rita, 'git'), snapshot.upstream(rita, 'no-such')]).toEqual([null, null]);
    expect(toolsOf(snapshot.virtualServer(rita, 'tools'))).toEqual([]);
    rows.edit('virtual_servers', 'vs-tools', { enabled: false });
    expect(compile().snapshot.virtualServer(rita, 'tools')).toBeNull();
  });

  it('gives a principal of an older snapshot no right that is gone', () => {
    const rita = principal(compile().snapshot, 'rita');
    rows.remove('api_tokens', 'rita-token');
    const { snapshot } = compile();
    expect(snapshot.principalByTokenHash('hash-of-rita-token')).toBeNull();
    expect(snapshot.virtualServer(rita, 'tools')).toBeNull();
    expect(toolsOf(snapshot.aggregate(rita))).toEqual([]);
  });

  it('does not hand the later private objects of one member to the members who share their rights', () => {
    const { snapshot } = compile();
    expect(seenBy(snapshot, 'otto')).toEqual(['git__push']);
    rows.put('users', user('eve', 'acme'));
    rows.put('api_tokens', token('eve-token', 'acme', 'eve'));
    rows.put('upstreams', {
      ...upstream('up-own', 'acme', 'own'),
      visibility: 'PRIVATE',
      ownerId: 'otto',
      teamId: null,
    });
    rows.put('tools', object('t-secret', 'acme', 'up-own', 'secret'));
    const later = compile().snapshot;
    expect(seenBy(later, 'otto')).toEqual(['git__push', 'own__secret']);
    expect(seenBy(later, 'eve')).toEqual(['git__push']);
  });

  it('leaves out an object whose definition is not a JSON object, and keeps the others', () => {
    rows.edit('tools', 't-log', { definition: '{"name":' });
    expect(seenBy(compile().snapshot, 'rita')).toEqual(['git__push', 'web__fetch']);
  });

  it('forgets a deleted organization and knows it again when it comes back', () => {
    const rita = principal(compile().snapshot, 'rita');
    const { tables } = rows.everything();
    for (const { table, rows: all } of tables) for (const { id } of all) rows.remove(table, id);
    const { snapshot } = compile();
    expect(snapshot.principalByTokenHash('hash-of-rita-token')).toBeNull();
    expect(toolsOf(snapshot.aggregate(rita))).toEqual([]);
    for (const { table, rows: all } of tables) for (const row of all) rows.put(table, row);
    expect(seenBy(compile().snapshot, 'rita')).toEqual(['git__log', 'git__push', 'web__fetch']);
  });

  it('accepts an id in place of a slug', () => {
    const id = '01980000-0000-7000-8000-00000000000a';
    rows.put('virtual_servers', server(id, 'acme', 'by-id'));
    const { snapshot } = compile();
    expect(snapshot.virtualServer(principal(snapshot, 'otto'), id.toUpperCase())?.slug).toBe('by-id');
  });
});

describe('resources', () => {
  beforeEach(() => {
    const resource = { organizationId: 'acme', upstreamId: 'up-web', requires: '[]' };
    rows.put('resources', {
      ...resource,
      id: 'r1',
      kind: 'RESOURCE',
      key: 'doc://one',
      definition: '{"uri":"doc://one"}',
    });
    const template = { ...resource, kind: 'RESOURCE_TEMPLATE', definition: '{"uriTemplate":"doc://{id}"}' } as const;
    rows.put('resource_templates', { ...template, id: 'rt1', key: 'doc://{id}' });
    rows.put('resource_templates', { ...template, id: 'rt2', key: 'doc://sub-{id}' });
  });

  it('are found by URI, else by the nearest template, and turned back to what the upstream knows', () => {
    const { snapshot } = compile();
    const all = snapshot.aggregate(principal(snapshot, 'rita'));
    expect(all.listed.resources).toEqual(['{"uri":"gatehouse:web:doc://one"}']);
    expect(all.listed.resourceTemplates[0]).toBe('{"uriTemplate":"gatehouse:web:doc://sub-{id}"}');
    const found = (uri: string) => {
      const target = all.resolveResource(uri);
      return target && [target.objectId, target.originalName, target.upstream.id];
    };
    expect(found('gatehouse:web:doc://one')).toEqual(['r1', 'doc://one', 'up-web']);
    expect(found('gatehouse:web:doc://two')).toEqual(['rt1', 'doc://two', 'up-web']);
    expect(found('gatehouse:web:doc://sub-2')).toEqual(['rt2', 'doc://sub-2', 'up-web']);
    expect(found('doc://one')).toBeNull();
    expect(found('gatehouse:git:doc://one')).toBeNull();
    expect(found('gatehouse:web:other://x')).toBeNull();
  });

  it('that an upstream never listed are passed through on its own endpoint only', () => {
    const { snapshot } = compile();
    const target = snapshot.upstream(principal(snapshot, 'rita'), 'web')?.resolveResource('other://x');
    expect(target).toMatchObject({ objectId: 'up-web', originalName: 'other://x', upstream: { slug: 'web' } });
  });
});

describe('work', () => {
  const counts = { upstreams: 0, virtualServers: 0, users: 0, tokens: 0, catalogues: 0 };

  beforeEach(() => {
    for (let n = 0; n < 50; n++) {
      rows.put('upstreams', upstream(`up-${n}`, 'acme', `u-${n}`));
      rows.put('tools', object(`t-${n}`, 'acme', `up-${n}`, 'echo'));
      rows.put('virtual_servers', server(`vs-${n}`, 'acme', `s-${n}`));
      rows.put('virtual_server_entries', entry(`e-${n}`, 'acme', `vs-${n}`, `t-${n}`, 'echo'));
      rows.put('api_tokens', token(`t-${n}-token`, 'acme', 'rita'));
    }
    compile();
  });

  it('is one part for one change', () => {
    rows.edit('virtual_server_entries', 'e-7', { exposedName: 'other' });
    expect(compile().work).toEqual({ ...counts, virtualServers: 1, catalogues: 1 });
    rows.edit('tools', 't-7', { definition: '{"name":"echo"}' });
    expect(compile().work).toEqual({ ...counts, upstreams: 1, virtualServers: 1, catalogues: 1 });
    rows.edit('upstreams', 'up-7', { name: 'Renamed' });
    expect(compile().work).toEqual({ ...counts, upstreams: 1, catalogues: 1 });
    rows.edit('upstreams', 'up-7', { url: 'https://elsewhere.example/mcp' });
    expect(compile().work).toEqual({ ...counts, upstreams: 1, virtualServers: 1, catalogues: 1 });
    rows.remove('api_tokens', 't-7-token');
    expect(compile().work).toEqual(counts);
    rows.edit('memberships', 'm1', { role: 'team-member' });
    expect(compile().work).toEqual({ ...counts, users: 1 });
  });

  it('is none for a row that says what it said before, and for a full reload of the same rows', () => {
    rows.edit('upstreams', 'up-7', {});
    expect(compile().work).toEqual(counts);
    expect(compiler.compile(rows.everything()).work).toEqual(counts);
  });

  it('shares what did not change, up to whole endpoints', () => {
    const before = compile().snapshot;
    const parts = (snapshot: CatalogSnapshot) => {
      const rita = principal(snapshot, 'rita');
      return ['s-1', 's-2'].map((slug) => snapshot.virtualServer(rita, slug));
    };
    const [one, two] = parts(before);
    const seenByOtto = before.aggregate(principal(before, 'otto'));
    rows.edit('virtual_server_entries', 'e-2', { exposedName: 'other' });
    rows.edit('users', 'rita', { status: 'ACTIVE' });
    const after = compile().snapshot;
    expect(parts(after)[0]).toBe(one);
    expect(parts(after)[1]).not.toBe(two);
    expect(after.aggregate(principal(after, 'otto'))).not.toBe(seenByOtto);
    rows.put('virtual_servers', { ...server('vs-own', 'acme', 'own'), visibility: 'PRIVATE' });
    const later = compile().snapshot;
    expect(later.aggregate(principal(later, 'otto'))).toBe(after.aggregate(principal(after, 'otto')));
  });
});
