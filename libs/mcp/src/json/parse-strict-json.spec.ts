import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrictJson } from './parse-strict-json.js';

const limits = { maxDepth: 8, maxKeys: 5 };
const parse = (text: string | Buffer, bounds = limits) => parseStrictJson(Buffer.from(text), bounds).value;

describe('parseStrictJson', () => {
  it('reads what JSON.parse reads', () => {
    const wide = { maxDepth: 100, maxKeys: 10_000 };
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 1), (json, indent) => {
        fc.pre(!json.includes('__proto__'));
        const text = JSON.stringify(JSON.parse(json), null, indent);
        expect(parse(text, wide)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('tells where the name of a request stands', () => {
    const wide = { maxDepth: 100, maxKeys: 10_000 };
    const member = fc.constantFrom('name', 'uri', 'taskId', 'other');
    const value = fc.oneof(fc.string(), fc.constantFrom(5, null, ['name'], { name: 'deeper', params: { name: 'x' } }));
    fc.assert(
      fc.property(fc.dictionary(member, value), value, fc.constantFrom(undefined, 1), (params, more, indent) => {
        const text = JSON.stringify({ name: 'outside', more, params, last: { name: 'behind' } }, null, indent);
        const { name } = parseStrictJson(Buffer.from(text), wide);
        const texts = Object.entries(params).filter(([key, is]) => key !== 'other' && typeof is === 'string');
        expect(name === null).toBe(texts.length === 0);
        if (name !== null) expect([name.member, JSON.parse(text.slice(name.start, name.end))]).toEqual(texts.at(-1));
      }),
    );
    expect(parseStrictJson(Buffer.from('[{"params":{"name":"a"}}]'), wide).name).toBeNull();
    expect(parseStrictJson(Buffer.from('{"params":{"name":1},"x":["behind"]}'), wide).name).toBeNull();
    expect(parseStrictJson(Buffer.from('{"a":{"params":{"name":"a"}}}'), wide).name).toBeNull();
  });

  it('accepts at the limits and refuses at one more', () => {
    expect(parse('[[[[[[[[1]]]]]]]]')).toEqual([[[[[[[[1]]]]]]]]);
    expect(() => parse('[[[[[[[[[1]]]]]]]]]')).toThrow('nested deeper than 8');
    expect(parse('{"a":1,"b":{"c":1},"d":[{"e":1}]}')).toBeTypeOf('object');
    expect(() => parse('{"a":1,"b":{"c":1},"d":[{"e":1,"f":2}]}')).toThrow('more than 5 keys');
  });

  it('survives a depth of 10,000 and of a million', () => {
    for (const depth of [10_000, 1_000_000]) {
      expect(() => parse('['.repeat(depth) + ']'.repeat(depth))).toThrow('nested deeper');
      expect(() => parse('{"a":'.repeat(depth), { maxDepth: depth + 1, maxKeys: depth + 1 })).toThrow('not valid JSON');
    }
  });

  it.each([
    ['{"a":1,"a":2}', 'the key "a" is there twice'],
    ['{"x":{"a":1,"b":2,"\\u0061":3}}', 'the key "a" is there twice'],
    ['{"__proto__":1}', '__proto__'],
    ['{"a":[{"\\u005f_proto__":{}}]}', '__proto__'],
    ['{"constructor":{"prototype":{}}}', 'constructor.prototype'],
    ['\uFEFF{}', 'byte order mark'],
    ['', 'it is empty'],
    ['{"a":1', 'not valid JSON'],
    ["{'a':1}", 'not valid JSON'],
    ['{"a":1}}', 'not valid JSON'],
    ['{"\\x":1}', 'invalid escape'],
    ['NaN', 'not valid JSON'],
  ])('refuses %j', (text, reason) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: 'PARSE_ERROR', message: expect.stringContaining(reason) }),
    );
  });

  it('refuses what is not UTF-8', () => {
    expect(() => parse(Buffer.from([0x22, 0xc3, 0x28, 0x22]))).toThrow('not UTF-8');
  });

  it('does not take values, or keys of different objects, for duplicates', () => {
    const text = '{"a":"a","b":["a","a",{"a":{"a":"}{\\"a\\":"}}]}';
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it('finds a duplicate among many keys', () => {
    const many = Array.from({ length: 50 }, (_, index) => `"k${index}":1`).join(',');
    expect(() => parse(`{${many},"k3":2}`, { maxDepth: 3, maxKeys: 100 })).toThrow('"k3" is there twice');
  });

  it('takes linear time for a body of backslashes and quotes', () => {
    const hostile = `{"a":"${'\\\\'.repeat(500_000)}","b":"${'\\"'.repeat(500_000)}"}`;
    const start = performance.now();
    expect(parse(hostile)).toHaveProperty('b');
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
