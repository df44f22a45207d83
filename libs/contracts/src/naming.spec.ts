import { describe, expect, it } from 'vitest';
import { aggregatedName, aggregatedUri, originalUri } from './naming.js';

describe('names where several upstreams share a list', () => {
  it.each([
    ['crm', 'find', 'crm__find'],
    ['crm', 'find.all', 'crm__find_all_abc123'],
    ['crm', 'x'.repeat(55), `crm__${'x'.repeat(55)}`],
    ['crm', 'x'.repeat(56), `crm__${'x'.repeat(48)}_abc123`],
  ])('[GW-10] %s, %s', (slug, original, shown) => {
    expect(aggregatedName(slug, original, 'abc123')).toBe(shown);
    expect(shown.length).toBeLessThanOrEqual(60);
  });

  it.each([
    ['file:///a b', 'gatehouse:crm:file:///a b'],
    ['crm://{id}/x', 'gatehouse:crm:crm://{id}/x'],
    ['ui://page/main', 'ui://gatehouse.crm/page/main'],
    ['ui://gatehouse.other/page', 'ui://gatehouse.crm/gatehouse.other/page'],
  ])('[AGG-6] shows %s as %s', (original, shown) => {
    expect(aggregatedUri('crm', original)).toBe(shown);
    expect(originalUri('crm', shown)).toBe(original);
  });

  it.each(['file:///a', 'gatehouse:cr:x', 'gatehouse:crm', 'ui://gatehouse.other/page', 'gatehouse:crm:ui://page', ''])(
    '[EXP-3] never shows %s',
    (shown) => expect(originalUri('crm', shown)).toBeNull(),
  );
});
