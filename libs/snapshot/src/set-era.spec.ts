import { describe, expect, it } from 'vitest';
import { sha256Hex } from '#crypto';
import type { CatalogRows } from './catalog-rows.js';
import { createCompiler } from './create-compiler.js';

const organizationId = 'acme';
const row: CatalogRows['upstreams'] = {
  ...{ id: 'up', organizationId, slug: 'up', name: 'up', url: 'https://up.example/mcp', instructions: null },
  ...{ ownerId: 'rita', teamId: null, visibility: 'PRIVATE', enabled: true },
  ...{ transport: 'STREAMABLE_HTTP', command: null, shared: false, headers: '{}', forwardedHeaders: '[]' },
  ...{ connectTimeoutMs: null, headersTimeoutMs: null, requestTimeoutMs: null, maxRequestMs: null },
  ...{ authHeader: null, authSecret: null, health: 'UNKNOWN', healthCode: null },
  ...{ protocolEra: null, era: 'MODERN', protocolVersion: '2026-07-28', capabilities: '{"tools":{}}' },
};

describe('the era of a target', () => {
  const compiler = createCompiler({ clock: { now: () => 0 }, hash: sha256Hex, oldestRevision: 0 });
  let position = 0;
  const compiled = (change: Partial<CatalogRows['upstreams']>) => {
    const tables = [
      { table: 'organizations', rows: [{ id: organizationId, organizationId, name: 'ACME' }] },
      { table: 'upstreams', rows: [{ ...row, ...change }] },
    ] as const;
    position++;
    return compiler.compile({ position, tables, touched: 'everything' }).snapshot.upstreamTarget(organizationId, 'up');
  };

  it('[ERA-3] is the one that is set, then the one that was found, then unknown', () => {
    const found = compiled({});
    expect(found).toMatchObject({ protocolEra: null, era: 'MODERN', protocolVersion: '2026-07-28' });
    expect(compiled({})).toBe(found);
    const set = compiled({ protocolEra: 'MODERN' });
    expect(set).toMatchObject({ protocolEra: 'MODERN', era: 'MODERN', protocolVersion: '2026-07-28' });
    expect(set).not.toBe(found);
    expect(compiled({ era: null, protocolVersion: null })).toMatchObject({ protocolEra: null, era: null });
  });

  it('[ERA-3] is the one that is set, also where a late sync has stored the other one', () => {
    expect(compiled({ protocolEra: 'LEGACY' })).toMatchObject({
      ...{ protocolEra: 'LEGACY', era: 'LEGACY', protocolVersion: null, capabilities: null },
    });
    expect(compiled({ protocolEra: 'LEGACY', era: null, protocolVersion: null })).toMatchObject({ era: 'LEGACY' });
  });

  it('[ERA-5] is asked for by organization and id', () => {
    expect(compiled({})?.id).toBe('up');
    const { snapshot } = compiler.compile({ position: position + 1, tables: [], touched: [] });
    expect(snapshot.upstreamTarget('other', 'up')).toBeNull();
    expect(snapshot.upstreamTarget(organizationId, 'gone')).toBeNull();
  });
});
