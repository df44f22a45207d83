import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseUriTemplate } from './uri-template.js';

const matches = (template: string, uri: string): boolean => parseUriTemplate(template)?.matches(uri) ?? false;

describe('parseUriTemplate', () => {
  it.each([
    ['test://template/{id}/data', 'test://template/123/data', true],
    ['test://template/{id}/data', 'test://template//data', false],
    ['test://template/{id}/data', 'test://template/1/2/data', false],
    ['test://template/{id}/data', 'test://template/1/data/more', false],
    ['test://template/{id}', 'TEST://template/1', false],
    ['file:///{+path}', 'file:///a/b/c.txt', true],
    ['file:///{+path}', 'file:///', false],
    ['repo://{owner}/{name}{/path*}', 'repo://o/n', true],
    ['repo://{owner}/{name}{/path*}', 'repo://o/n/a/b', true],
    ['repo://{owner}/{name}{/path}', 'repo://o/n/a/b', false],
    ['find://x{?q*}', 'find://x', true],
    ['find://x{?q,limit}', 'find://x?q=a&limit=2', true],
    ['find://x{?q}', 'find://xq=a', false],
    ['find://x?fixed=1{&q}', 'find://x?fixed=1&q=2', true],
    ['doc://x{#part}', 'doc://x#one/two', true],
    ['doc://x{.ext}', 'doc://x.json', true],
    ['doc://{a:3}', 'doc://abc', true],
    ['plain://uri', 'plain://uri', true],
    ['a.b://{x}', 'aXb://1', false],
  ])('%s and %s: %s', (template, uri, expected) => {
    expect(matches(template, uri)).toBe(expected);
  });

  it.each(['/../../etc/passwd', '/a/..', '/a/%2e%2E/b', '/a%2f..%2fb', '/a\\..\\b'])(
    'a reserved variable does not lead out of its folder by %s',
    (path) => {
      expect(matches('file:///docs/{+path}', `file:///docs${path}`)).toBe(false);
      expect(matches('file:///docs/{+path}', 'file:///docs/a..b/c')).toBe(true);
    },
  );

  it.each(['x://{', 'x://}', 'x://{}', 'x://{a', 'x://{=a}', 'x://{{a}}', 'x://{a b}'])(
    '%s is malformed',
    (template) => {
      expect(parseUriTemplate(template)).toBeNull();
    },
  );

  it('matches every expansion with simple values', () => {
    const value = fc.stringMatching(/^[A-Za-z0-9_~-]{1,10}$/);
    const part = fc.oneof(
      value.map((text) => [text, text] as const),
      value.map((text) => ['{a}', encodeURIComponent(text)] as const),
      value.map((text) => ['{+b}', `${text}/x?y#z`] as const),
      value.map((text) => ['{/c}', `/${text}`] as const),
      value.map((text) => ['{?q,r*}', `?q=${text}&r=1`] as const),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 12 }), (parts) => {
        const [template, uri] = [0, 1].map((side) => `s:${parts.map((pair) => pair[side]).join('')}`);
        expect(matches(template ?? '', uri ?? '')).toBe(true);
      }),
    );
  });

  it('never throws, whatever the template and the URI are', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[{}a+/?#&;.,*:1]*$/), fc.string(), (template, uri) => {
        expect([true, false]).toContain(matches(template, uri));
      }),
    );
  });

  it('takes bounded time where a regular expression would not return', () => {
    const template = `s:${'{+a}x'.repeat(31)}`;
    expect(matches(template, `s:${'x'.repeat(8000)}y`)).toBe(false);
    expect(matches(template, `s:${'x'.repeat(8000)}`)).toBe(true);
    expect(matches('s:{+a}', `s:${'x'.repeat(9000)}`)).toBe(false);
    expect(parseUriTemplate('{a}'.repeat(65))).toBeNull();
  });
});
