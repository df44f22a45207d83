import { describe, expect, it } from 'vitest';
import { looksLikeApiToken, parseBearer } from './parse-bearer.js';

describe('parseBearer', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER  gth_a.b-c_d.e', 'gth_a.b-c_d.e'],
    ['Bearer a+b/c~d==', 'a+b/c~d=='],
    [['Bearer abc'], 'abc'],
    [`Bearer ${'a'.repeat(4096)}`, 'a'.repeat(4096)],
  ])('reads %j', (header, token) => {
    expect(parseBearer(header)).toBe(token);
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearerabc',
    'Basic YTpi',
    'abc',
    ' Bearer abc',
    'Bearer abc ',
    'Bearer abc def',
    'Bearer abc, Bearer def',
    'Bearer abc,def',
    'Bearer "abc"',
    'Bearer\tabc',
    'Bearer abc\n',
    'Bearer ab\u0000c',
    'Bearer =abc',
    'Bearer äbc',
    `Bearer ${'a'.repeat(4097)}`,
    `Bearer${' '.repeat(100_000)}a`,
    [],
    ['Bearer abc', 'Bearer abc'],
  ])('refuses %j', (header) => {
    expect(parseBearer(header)).toBeNull();
  });
});

describe('looksLikeApiToken', () => {
  it('wants the prefix and three base64url parts', () => {
    expect(looksLikeApiToken('gth_ab.cd.ef')).toBe(true);
    for (const text of [
      '',
      'gth_',
      'ab.cd.ef',
      'GTH_ab.cd.ef',
      'gth_ab.cd',
      'gth_ab.cd.',
      'gth_a.b.c.d',
      'gth_a.b.c=',
    ]) {
      expect(looksLikeApiToken(text)).toBe(false);
    }
    expect(looksLikeApiToken(`gth_a.b.${'c'.repeat(5000)}`)).toBe(false);
  });
});
