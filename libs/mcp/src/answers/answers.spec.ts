import { DiscoverResultSchema, ListToolsResultSchema } from '@modelcontextprotocol/core';
import {
  InitializeResultSchema,
  ListToolsResultSchema as LegacyListToolsResultSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it } from 'vitest';
import { META } from '../era/protocol-versions.js';
import { exposeDefinition } from './expose-definition.js';
import { discoverResult, initializeResult, listBeginning, listedKind, listEnd } from './local-results.js';

const serverInfo = { name: 'gatehouse', version: '0.1.0' };
const server = { serverInfo, capabilities: { tools: { listChanged: true } }, instructions: 'Be kind.' };
const none: { key: string | null; description: string | null } = { key: null, description: null };
const json = (text: string): unknown => JSON.parse(text);

describe('results that the gateway answers itself', () => {
  it('are what the schemas of each era want', () => {
    expect(InitializeResultSchema.parse(json(initializeResult('2025-06-18', server)))).toMatchObject({
      protocolVersion: '2025-06-18',
      instructions: 'Be kind.',
    });
    const discovered = json(discoverResult({ ...server, instructions: null }, 5000));
    expect(DiscoverResultSchema.safeParse(discovered).success).toBe(true);
    expect(discovered).toEqual({
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      capabilities: server.capabilities,
      ttlMs: 5000,
      cacheScope: 'private',
      _meta: { [META.serverInfo]: serverInfo },
    });
  });

  it('list definitions word for word', () => {
    const tool = '{"name":"a","inputSchema":{"type":"object"},"x":1.0}';
    const beginning = listBeginning('TOOL', [tool, tool.replace('"a"', '"b"')]);
    const end = { nextCursor: '', ttlMs: 9, serverInfo };
    const legacy = beginning + listEnd({ ...end, era: 'LEGACY' });
    expect(legacy).toContain(tool);
    expect(Object.keys(LegacyListToolsResultSchema.parse(json(legacy)))).toEqual(['nextCursor', 'tools']);
    const modern = json(beginning + listEnd({ ...end, era: 'MODERN', nextCursor: null }));
    expect(ListToolsResultSchema.safeParse(modern).success).toBe(true);
    expect(modern).toMatchObject({
      resultType: 'complete',
      ttlMs: 9,
      cacheScope: 'private',
      _meta: { [META.serverInfo]: serverInfo },
    });
    expect(modern).not.toHaveProperty('nextCursor');
    expect(['tools/list', 'resources/templates/list', 'tools/call'].map(listedKind)).toEqual([
      'TOOL',
      'RESOURCE_TEMPLATE',
      null,
    ]);
  });
});

describe('exposeDefinition', () => {
  const expose = (definition: string, era: 'LEGACY' | 'MODERN', exposure = none) =>
    exposeDefinition('TOOL', definition, json(definition) as Record<string, unknown>, era, exposure);

  it('renames and describes anew, and leaves every other byte', () => {
    const definition = '{"name":"a", "vendor" : 1.00,"inputSchema":{}}';
    expect(expose(definition, 'LEGACY')).toBe(definition);
    expect(expose(definition, 'MODERN', { key: 'crm__a', description: 'New.' })).toBe(
      '{"name":"crm__a","vendor" : 1.00,"inputSchema":{},"description":"New."}',
    );
    expect(
      exposeDefinition('RESOURCE', '{"uri":"x://1","name":"n"}', {}, 'MODERN', {
        key: 'gatehouse:crm:x://1',
        description: null,
      }),
    ).toContain('"uri":"gatehouse:crm:x://1"');
  });

  it('takes away what the clients of an era refuse', () => {
    expect(expose('{"name":"a","execution":{"taskSupport":"optional"}}', 'MODERN')).toBe('{"name":"a"}');
    expect(expose('{"name":"a","outputSchema":{"type":"array"}}', 'LEGACY')).toBe('{"name":"a"}');
    expect(expose('{"name":"a","outputSchema":{"type":"array"}}', 'MODERN')).toContain('array');
    expect(expose('{"name":"a","outputSchema":{"type":"object"}}', 'LEGACY')).toContain('outputSchema');
  });
});
