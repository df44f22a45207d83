import { describe, expect, it } from 'vitest';
import { checkDocumentText } from './check-document-text.js';

const refused = expect.objectContaining({ code: 'QUERY_TOO_COMPLEX' });
const check = (text: string) => () => checkDocumentText(text, 5000);
const nested = (open: string, close: string, levels: number) =>
  `{ a(b: ${open.repeat(levels)}1${close.repeat(levels)}) }`;
const fragments = (count: number) => '{ a } ' + 'fragment F on Query { a } '.repeat(count);

describe('checkDocumentText', () => {
  it('accepts 200 levels of brackets and refuses 201, of any kind', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{a:', '}'],
    ] as const) {
      expect(check(nested(open, close, 198))).not.toThrow();
      expect(check(nested(open, close, 199))).toThrow(refused);
    }
    expect(check('{ ... '.repeat(201))).toThrow(refused);
  });

  it('accepts 100 fragments and refuses 101', () => {
    expect(check(fragments(100))).not.toThrow();
    expect(check(fragments(101))).toThrow(refused);
  });

  it('accepts 5000 tokens and refuses 5001, in words of its own', () => {
    expect(check(`{${' a'.repeat(4998)} }`)).not.toThrow();
    expect(check(`{${' a'.repeat(4999)} }`)).toThrow('The document has more than 5000 tokens; ask for less at a time.');
  });

  it('does not count what stands in strings and comments', () => {
    const brackets = '[{('.repeat(300);
    expect(check(`{ a(b: "${brackets}", c: """${brackets} \\""" ${brackets}""") } # ${brackets}`)).not.toThrow();
  });

  it('leaves a syntax error to the parser', () => {
    expect(check('{ a(b: "')).not.toThrow();
    expect(check('}}}} \u0000')).not.toThrow();
  });
});
