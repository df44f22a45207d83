import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrayElements, memberValue, objectMembers, rewriteObject } from './json-text.js';

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
