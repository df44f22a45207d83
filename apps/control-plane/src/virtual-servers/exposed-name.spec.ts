import { describe, expect, it } from 'vitest';
import { assertRenamable, exposedName, type NamedObject } from './exposed-name.js';

const tool: NamedObject = { kind: 'TOOL', original: 'search', upstreamId: 'u1', upstreamSlug: 'github' };

describe('exposedName', () => {
  it.each<[string, Partial<NamedObject>, string | null, boolean, string]>([
    ['keeps the own name', {}, null, false, 'search'],
    ['prefixes it', {}, null, true, 'github__search'],
    ['takes an override as it is', {}, 'find', true, 'find'],
    ['keeps a URI', { kind: 'RESOURCE', original: 'file:///a' }, null, false, 'file:///a'],
    [
      'puts a URI behind the prefix',
      { kind: 'RESOURCE', original: 'file:///a' },
      null,
      true,
      'gatehouse:github:file:///a',
    ],
    [
      'treats templates as URIs',
      { kind: 'RESOURCE_TEMPLATE', original: 'mem:{a}' },
      null,
      true,
      'gatehouse:github:mem:{a}',
    ],
    ['treats prompts as tools', { kind: 'PROMPT' }, null, true, 'github__search'],
  ])('%s', (_, more, override, prefixNames, expected) => {
    expect(exposedName({ ...tool, ...more }, override, prefixNames)).toBe(expected);
  });

  it('tells names apart that had to be cut, and stays the same for one upstream', () => {
    const names = ['a', 'b'].map((end) => exposedName({ ...tool, original: `${'x'.repeat(80)}${end}` }, null, true));
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^github__x{45}_[0-9a-f]{6}$/);
  });
});

describe('assertRenamable', () => {
  it('lets tools and prompts be renamed, and resources keep their URI', () => {
    expect(() => assertRenamable('TOOL', 'x', 'f')).not.toThrow();
    expect(() => assertRenamable('PROMPT', 'x', 'f')).not.toThrow();
    expect(() => assertRenamable('RESOURCE', null, 'f')).not.toThrow();
    expect(() => assertRenamable('RESOURCE', 'x', 'f')).toThrow('f is for tools and prompts');
    expect(() => assertRenamable('RESOURCE_TEMPLATE', 'x', 'f')).toThrow('f is for tools and prompts');
  });
});
