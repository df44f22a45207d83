import { assert, constantFrom, property, record, string, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countsOf, diffList, isEmpty, type StoredObject } from './diff-list.js';
import type { CatalogRow } from './to-catalog-row.js';

const row = (key: string, fingerprint: string): CatalogRow => ({
  key,
  name: key,
  title: null,
  description: null,
  mimeType: null,
  definition: '{}',
  fingerprint,
});
const stored = ({ key, fingerprint }: CatalogRow): StoredObject => ({ id: `id of ${key}`, key, fingerprint });
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

  it('applied to what is stored gives what is offered, and then finds nothing more', () => {
    assert(
      property(rows, rows, (before, offered) => {
        const diff = diffList(before.map(stored), offered);
        const kept = before.map(stored).filter(({ id }) => !diff.removed.includes(id));
        const after = kept.map((object) => {
          const change = diff.changed.find(({ id }) => id === object.id);
          return { id: object.id, key: object.key, fingerprint: change?.fingerprint ?? object.fingerprint };
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
