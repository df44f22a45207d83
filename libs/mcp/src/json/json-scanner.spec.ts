import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonFault, JsonScanner } from './json-scanner.js';

/** What was reported: the values of the outer two levels. */
function scan(chunks: readonly Buffer[]): string[] {
  const text = Buffer.concat(chunks);
  const seen: string[] = [];
  const open: { key: string | null; from: number; isEntered: boolean }[] = [];
  let before = 0;
  const scanner = new JsonScanner({
    begin: (first, key, at) => {
      const isEntered = (first === 123 || first === 91) && open.length < 2;
      open.push({ key, from: before + at, isEntered });
      return isEntered;
    },
    end: (at) => {
      const value = open.pop();
      if (value !== undefined) seen.push(`${value.key}=${text.toString('utf8', value.from, before + at)}`);
    },
  });
  for (const chunk of chunks) {
    scanner.push(chunk);
    before += chunk.length;
  }
  scanner.finish();
  expect(open).toEqual([]);
  return seen;
}

const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};
const isScanned = (chunks: readonly Buffer[]): boolean => {
  try {
    scan(chunks);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(JsonFault);
    return false;
  }
};

const places = fc.array(fc.nat(), { maxLength: 30 });
const crumbs = fc.constantFrom(
  ...'{}[]:,"\\u0e+-.19 \n\tntrue false null "a": "b", 0.5e-7 \u0001 ü'.split(/(?<= )|(?=[^a-z ])/),
);

describe('[STR-1] JSON that is read in pieces', () => {
  it('is what JSON.parse takes for JSON, wherever it is cut and whatever is changed in it', () => {
    const changed = fc.record({
      value: fc.json(),
      at: fc.nat(),
      crumb: fc.option(crumbs),
      cutAway: fc.nat({ max: 3 }),
    });
    fc.assert(
      fc.property(changed, places, ({ value, at, crumb, cutAway }, cuts) => {
        const from = at % (value.length + 1);
        const text = crumb === null ? value : value.slice(0, from) + crumb + value.slice(from + cutAway);
        expect([text, isScanned(cut(Buffer.from(text), cuts))]).toEqual([text, isJson(text)]);
      }),
      { numRuns: 1500 },
    );
    fc.assert(
      fc.property(fc.array(crumbs, { maxLength: 12 }), places, (parts, cuts) => {
        const text = parts.join('');
        expect([text, isScanned(cut(Buffer.from(text), cuts))]).toEqual([text, isJson(text)]);
      }),
      { numRuns: 1500 },
    );
  });

  it.each([
    '-0',
    '0.10e+12',
    '1E5',
    '-',
    '01',
    '1.',
    '.5',
    '1e',
    '1e+',
    '+1',
    '"\\ud800"',
    '"\\u12g4"',
    '"\\x"',
    '"\t"',
    'nul',
    'nulll',
    '[1,]',
    '{"a":1,}',
    '{"a" 1}',
    '{1:2}',
    '[1 2]',
    ']',
    '',
    ' ',
    '1 2',
    '\ufeff1',
    '[}',
    '\u00a01',
  ])('agrees with JSON.parse about %j, in one piece and byte by byte', (text) => {
    const bytes = Buffer.from(text);
    const single = Array.from(bytes, (byte) => Buffer.of(byte));
    expect([isScanned([bytes]), isScanned(single)]).toEqual([isJson(text), isJson(text)]);
  });

  it('is reported with its keys and its places, as deep as is asked for', () => {
    const text = ' {"a":[1,{"b":2}], "\\u0062" : "x" , "c":{"d":-1.5,"ü":[[]]}} ';
    const expected = ['null=1', 'null={"b":2}', 'a=[1,{"b":2}]', 'b="x"', 'd=-1.5', 'ü=[[]]', 'c={"d":-1.5,"ü":[[]]}'];
    const bytes = Buffer.from(text);
    const single = Array.from(bytes, (byte) => Buffer.of(byte));
    for (const chunks of [[bytes], single]) expect(scan(chunks)).toEqual([...expected, `null=${text.trim()}`]);
  });

  it('has keys of any length, of which long ones have no name, and is nested 10,000 levels at most', () => {
    expect(scan([Buffer.from(`{"${'k'.repeat(257)}":1,"${'k'.repeat(256)}":2}`)]).slice(0, 2)).toEqual([
      '=1',
      `${'k'.repeat(256)}=2`,
    ]);
    const nested = (levels: number) => [Buffer.from('['.repeat(levels)), Buffer.from(']'.repeat(levels))];
    expect(scan(nested(10_000))).toHaveLength(3);
    expect(() => scan(nested(10_001))).toThrow('nested deeper than 10000');
  });
});
