import { assert, constantFrom, property, record, string, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countsOf, diffList, isEmpty, type StoredObject } from './diff-list.js';
import type { CatalogRow } from './to-catalog-row.js';

const row = (key: string, fingerprint: string, requires = '[]'): CatalogRow => ({
  key,
  name: key,
  title: null,
  description: null,
  mimeType: null,
  definition: '{}',
  fingerprint,
  requires,
});
const stored = ({ key, fingerprint, requires }: CatalogRow): StoredObject => ({
  id: `id of ${key}`,
  key,
  fingerprint,
  requires,
});
const rows = uniqueArray(record({ key: string({ maxLength: 2 }), fingerprint: constantFrom('a', 'b') }), {
  selector: ({ key }) => key,
}).map((list) => list.map(({ key, fingerprint }) => row(key, fingerprint)));

describe('diffList', () => {
  it('tells added, changed, removed and unchanged objects apart', () => {
    const before = [row('same', 'a'), row('changed', 'a'), row('gone', 'a')].map(stored);
    const diff = diffList(before, [row('new', 'a'), row('changed', 'b'), row('same', 'a')]);
    expect(diff.added.map(({ key }) => key)).toEqual(['new']);
    expect(diff.changed).toEqual([{ ...row('changed', 'b'), id: 'id of changed' }]);
    expect(diff.removed).toEqual(['id of gone']);
    expect(countsOf(diff)).toEqual({ added: 1, changed: 1, removed: 1, unchanged: 1 });
  });

  it('takes another requirement for a change [ASK-1]', () => {
    const before = [row('ask', 'a', '[["SAMPLING"]]'), row('tell', 'a')].map(stored);
    const diff = diffList(before, [row('ask', 'a'), row('tell', 'a', '[["ROOTS"]]')]);
    expect(diff.changed.map(({ key, requires }) => [key, requires])).toEqual([
      ['ask', '[]'],
      ['tell', '[["ROOTS"]]'],
    ]);
  });

  it('keeps what only some clients are offered while that is not known [ASK-2]', () => {
    const before = [row('ask', 'a', '[["SAMPLING"]]'), row('now-for-all', 'a', '[["ROOTS"]]'), row('gone', 'a')].map(
      stored,
    );
    const diff = diffList(before, [row('now-for-all', 'a')], false);
    expect(diff).toMatchObject({ added: [], changed: [{ key: 'now-for-all' }], removed: ['id of gone'], unchanged: 1 });
    expect(diffList(before, [], true).removed).toHaveLength(3);
  });

  it('applied to what is stored gives what is offered, and then finds nothing more', () => {
    assert(
      property(rows, rows, (before, offered) => {
        const diff = diffList(before.map(stored), offered);
        const kept = before.map(stored).filter(({ id }) => !diff.removed.includes(id));
        const after = kept.map((object) => {
          const change = diff.changed.find(({ id }) => id === object.id);
          const { id, key, requires } = object;
          return { id, key, requires, fingerprint: change?.fingerprint ?? object.fingerprint };
        });
        const result = [...after, ...diff.added.map(stored)];
        const byKey = (left: StoredObject, right: StoredObject) => (left.key < right.key ? -1 : 1);
        expect(result.sort(byKey)).toEqual(offered.map(stored).sort(byKey));
        expect(isEmpty(diffList(result, offered))).toBe(true);
        expect(diff.unchanged).toBe(offered.length - diff.added.length - diff.changed.length);
      }),
    );
  });
});
