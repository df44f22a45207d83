import { describe, expect, it } from 'vitest';
import { isWithin } from './is-within.js';

describe('[RLY-23] what is within a resource', () => {
  it.each([
    ['file:///a', 'file:///a'],
    ['file:///a/b', 'file:///a'],
    ['file:///a/b', 'file:///a/'],
    ['file:///a/', 'file:///a'],
    ['file:///a#part', 'file:///a'],
    ['file:///a?page=2', 'file:///a'],
    ['file:///a/..b/.c', 'file:///a'],
    ['urn:x', 'urn:x'],
    ['file:///a?q', 'file:///a?q'],
  ])('%s is within %s', (uri, resource) => expect(isWithin(uri, resource)).toBe(true));

  it.each([
    ['file:///ab', 'file:///a'],
    ['file:///ab/c', 'file:///a'],
    ['file:///a', 'file:///a/'],
    ['file:///a', 'file:///a/b'],
    ['file:///A/b', 'file:///a'],
    ['other:///a/b', 'file:///a'],
    ['file:///a/../secret', 'file:///a'],
    ['file:///a/b/%2E%2e/%2e./secret', 'file:///a'],
    ['file:///a/../secret', 'file:///a/'],
    ['file:///a/.', 'file:///a'],
    ['urn:x:y', 'urn:x'],
    ['file:///a?q/r', 'file:///a?q'],
    ['file:///a', ''],
  ])('%s is not within %s', (uri, resource) => expect(isWithin(uri, resource)).toBe(false));
});
