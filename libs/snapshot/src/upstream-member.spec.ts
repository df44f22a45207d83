import { beforeEach, describe, expect, it } from 'vitest';
import { sha256Hex } from '#crypto';
import type { CatalogRows, TableRows } from './catalog-rows.js';
import type { CatalogSnapshot, Endpoint } from './catalog-snapshot.js';
import { createCompiler, type Compiler } from './create-compiler.js';

const own = { organizationId: 'acme', ownerId: 'rita', teamId: null, visibility: 'PRIVATE', enabled: true } as const;
const upstream = (slug: string): CatalogRows['upstreams'] => ({
  ...own,
  ...{ id: `up-${slug}`, slug, name: slug, url: `https://${slug}.example/mcp`, instructions: null },
  ...{ transport: 'STREAMABLE_HTTP', command: null, shared: false, headers: '{}', forwardedHeaders: '[]' },
  ...{ connectTimeoutMs: null, headersTimeoutMs: null, requestTimeoutMs: 5000, maxRequestMs: null, protocolEra: null },
  ...{ authHeader: null, authSecret: null, era: null, protocolVersion: null, capabilities: null },
  ...{ health: 'UNKNOWN', healthCode: null },
});
const people: readonly TableRows[] = [
  { table: 'organizations', rows: [{ id: 'acme', organizationId: 'acme', name: 'ACME' }] },
  { table: 'users', rows: [{ id: 'rita', organizationId: 'acme', status: 'ACTIVE' }] },
  {
    table: 'api_tokens',
    rows: [
      {
        ...{ id: 'token', organizationId: 'acme', userId: 'rita', tokenHash: 'hash', scopes: 'mcp' },
        ...{ virtualServerId: null, expiresAt: Date.UTC(2100, 0), rateLimitPerMinute: 60, rateLimitBurst: 5 },
      },
    ],
  },
  {
    table: 'role_bindings',
    rows: [{ id: 'b', organizationId: 'acme', userId: 'rita', role: 'organization-owner', expiresAt: null }],
  },
];
const content: readonly TableRows[] = [
  {
    table: 'tools',
    rows: ['git', 'web'].map((slug) => ({
      id: `tool-${slug}`,
      organizationId: 'acme',
      upstreamId: `up-${slug}`,
      kind: 'TOOL',
      key: 'run',
      requires: '[]',
      definition: '{"name":"run"}',
    })),
  },
  { table: 'virtual_servers', rows: [{ ...own, id: 'server', slug: 'tools', name: 'Tools', instructions: null }] },
  {
    table: 'virtual_server_entries',
    rows: [
      {
        ...{ id: 'entry', organizationId: 'acme', virtualServerId: 'server', kind: 'TOOL', objectId: 'tool-git' },
        ...{ exposedName: 'run', nameOverride: null, descriptionOverride: null },
      },
    ],
  },
];

describe('the upstreams behind an endpoint', () => {
  let compiler: Compiler;
  let position: number;

  /** A full load, with the upstream `git` as given. */
  const compile = (git: Partial<CatalogRows['upstreams']> = {}) => {
    const rows = [upstream('web'), { ...upstream('git'), ...git }];
    const tables: TableRows[] = [...people, { table: 'upstreams', rows }, ...content];
    return compiler.compile({ position: position++, tables, touched: 'everything' });
  };
  const principalOf = (snapshot: CatalogSnapshot) =>
    snapshot.principalByTokenHash('hash') ?? expect.fail('the token is not known');
  const endpointsOf = (snapshot: CatalogSnapshot): readonly (Endpoint | null)[] => {
    const rita = principalOf(snapshot);
    return [snapshot.aggregate(rita), snapshot.virtualServer(rita, 'tools'), snapshot.upstream(rita, 'git')];
  };
  const gitOf = (endpoint: Endpoint | null) => endpoint?.upstreams.find(({ slug }) => slug === 'git');

  beforeEach(() => {
    compiler = createCompiler({ clock: { now: () => Date.UTC(2026, 0) }, hash: sha256Hex, oldestRevision: 0 });
    position = 1;
  });

  it('[UPT-8] are those of its objects, in the order of their slugs, with what they declared', () => {
    const { snapshot } = compile({ capabilities: '{"tools":{"listChanged":true}}' });
    const seen = endpointsOf(snapshot).map((endpoint) => endpoint?.upstreams.map(({ slug }) => slug));
    expect(seen).toEqual([['git', 'web'], ['git'], ['git']]);
    for (const endpoint of endpointsOf(snapshot)) {
      expect(gitOf(endpoint)?.id).toBe('up-git');
      expect(gitOf(endpoint)?.capabilities).toEqual({ tools: { listChanged: true } });
    }
    expect(endpointsOf(snapshot)[0]?.upstreams[1]?.capabilities).toEqual({});
  });

  it('[UPT-8] tell a flip of health at once, and nothing else changes by it', () => {
    const before = compile();
    const known = endpointsOf(before.snapshot);
    const target = known[1]?.tools.get('run')?.upstream;
    const after = compile({ health: 'UNHEALTHY', healthCode: 'UPSTREAM_REFUSED' });
    expect(after.work).toEqual({ upstreams: 0, virtualServers: 0, users: 0, tokens: 0, catalogues: 0 });
    expect(after.snapshot.revision).toBeGreaterThan(before.snapshot.revision);
    for (const [at, endpoint] of endpointsOf(after.snapshot).entries()) {
      expect(endpoint).toBe(known[at]);
      expect([gitOf(endpoint)?.health, gitOf(endpoint)?.healthCode]).toEqual(['UNHEALTHY', 'UPSTREAM_REFUSED']);
    }
    expect(endpointsOf(after.snapshot)[1]?.tools.get('run')?.upstream).toBe(target);
  });

  it('[UPT-8] are reached as their rows say', () => {
    const stdio = { transport: 'STDIO', url: null, command: 'git', shared: true } as const;
    const headers = { headers: '{"x-tenant":"a"}', forwardedHeaders: '[{"from":"x-a","to":"x-b"}]' };
    const reached = (git: Partial<CatalogRows['upstreams']>) =>
      endpointsOf(compile(git).snapshot)[1]?.tools.get('run')?.upstream;
    expect(reached(headers)).toMatchObject({
      ...{ transport: 'STREAMABLE_HTTP', url: 'https://git.example/mcp', requestTimeoutMs: 5000, maxRequestMs: null },
      ...{ headers: { 'x-tenant': 'a' }, forwardedHeaders: [{ from: 'x-a', to: 'x-b' }] },
    });
    expect(reached(stdio)).toMatchObject(stdio);
  });
});
