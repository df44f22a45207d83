import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replaceMembers } from './replace-members.js';

const object = fc.dictionary(
  fc.oneof(fc.constantFrom('name', 'uri', 'x"\\', '__proto__'), fc.string()),
  fc.jsonValue(),
);

describe('replaceMembers', () => {
  it('means the same as setting the members of the parsed object', () => {
    fc.assert(
      fc.property(object, fc.string(), fc.string(), fc.constantFrom(undefined, 1, '\t'), (value, name, uri, indent) => {
        const edited = replaceMembers(` ${JSON.stringify(value, null, indent)} `, { name, uri });
        const parsed = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
        expect(JSON.parse(edited)).toEqual(Object.assign(parsed, { name, uri }));
      }),
    );
  });

  it('keeps every other byte', () => {
    const json = '{ "max": 12345678901234567890.10, "name" : "a\\"}", "nested": {"name": "b", "t": [1, "]"]} }';
    expect(replaceMembers(json, { name: 'c"' })).toBe(json.replace('"a\\"}"', '"c\\""'));
  });

  it('adds what is missing, also to an empty object', () => {
    expect(replaceMembers('{"name":"a"}', { description: 'd' })).toBe('{"name":"a","description":"d"}');
    expect(replaceMembers('{ }', { name: 'a' })).toBe('{ "name":"a"}');
  });

  it('sets every occurrence of a key that occurs twice', () => {
    expect(replaceMembers('{"n\\u0061me":"a","name":"b"}', { name: 'c' })).toBe('{"n\\u0061me":"c","name":"c"}');
  });
});
