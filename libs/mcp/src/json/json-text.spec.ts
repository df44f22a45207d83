import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrayElements, memberValue, objectMembers, rewriteObject, valueSpan } from './json-text.js';

describe('JSON text', () => {
  it('splits any object and array into the values that JSON.parse sees', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(objectMembers(text).map(({ key, value: raw }) => [key, JSON.parse(raw)])).toEqual(
          Object.entries(JSON.parse(text)),
        );
        const list = JSON.stringify(Object.values(value), null, indent);
        expect(arrayElements(list).map((element) => JSON.parse(element))).toEqual(JSON.parse(list));
      }),
    );
  });

  it('finds and replaces any member of any object', () => {
    const objects = fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue(), { minKeys: 1, maxKeys: 6 });
    fc.assert(
      fc.property(objects, fc.nat(), fc.constantFrom(undefined, 1), (made, pick, indent) => {
        const text = JSON.stringify(made, null, indent);
        const value = JSON.parse(text) as Record<string, unknown>;
        const keys = Object.keys(value);
        const key = keys[pick % keys.length] ?? '';
        const span = valueSpan(` ${text}`, key);
        expect(JSON.parse(` ${text}`.slice(span?.start, span?.end))).toEqual(value[key]);
        expect(JSON.parse(memberValue(text, key) ?? '')).toEqual(value[key]);
        expect(JSON.parse(rewriteObject(text, { [key]: '["new"]' }))).toEqual({ ...value, [key]: ['new'] });
        expect(memberValue(text, 'not a key')).toBeNull();
      }),
    );
    const nested = '{"a":{"name":1},"params":{"x":{"name":2},"name":"here"},"name":3}';
    const span = valueSpan(nested, 'name', valueSpan(nested, 'params')?.start);
    expect(nested.slice(span?.start, span?.end)).toBe('"here"');
    expect(rewriteObject('{"a":1,"a":2,"b":3}', { a: '0' })).toBe('{"a":0,"a":0,"b":3}');
  });

  it('replaces, removes and adds members and leaves every other byte alone', () => {
    const text = '{ "big" : 12345678901234567890.10, "a":1 , "b" : {"x": [1, 2]},"c":"}" }';
    expect(rewriteObject(text, { a: '"new"', c: null, d: 'true', e: null })).toBe(
      '{"big" : 12345678901234567890.10,"a":"new","b" : {"x": [1, 2]},"d":true}',
    );
    expect(rewriteObject('{}', {})).toBe('{}');
    expect(memberValue(text, 'b')).toBe('{"x": [1, 2]}');
    expect(memberValue('{"\\u0061":1}', 'a')).toBe('1');
    expect(memberValue(text, 'toString')).toBeNull();
    expect(rewriteObject('{"constructor":1}', {})).toBe('{"constructor":1}');
  });
});
