import { describe, expect, it, vi } from 'vitest';
import { decodeGlobalId, encodeGlobalId, isSlug, isUuid, newId } from './index.js';

describe('ids', () => {
  it('makes UUIDv7 keys that sort by time', () => {
    const ids = Array.from({ length: 200 }, () => newId());
    expect(ids.every((id) => id[14] === '7')).toBe(true);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(200);
    expect(ids.every((id) => isUuid(id) && '89ab'.includes(id[19] ?? ''))).toBe(true);
  });

  it('keeps the order of keys made together, also above what a millisecond holds and with a clock that goes back', () => {
    vi.useFakeTimers();
    try {
      const start = Date.UTC(2038, 0, 1);
      vi.setSystemTime(start);
      const ids = Array.from({ length: 10_000 }, () => newId());
      vi.setSystemTime(start - 60_000);
      ids.push(...Array.from({ length: 10_000 }, () => newId()));
      vi.setSystemTime(start + 60_000);
      ids.push(newId());
      expect([...ids].sort()).toEqual(ids);
      expect(new Set(ids).size).toBe(20_001);
      expect(parseInt(ids.at(-1)?.replaceAll('-', '').slice(0, 12) ?? '', 16)).toBe(start + 60_000);
    } finally {
      vi.useRealTimers();
    }
  });

  it('round-trips a global id', () => {
    const uuid = newId();
    expect(decodeGlobalId(encodeGlobalId('Upstream', uuid))).toEqual({ type: 'Upstream', uuid });
  });

  it.each([
    '',
    'x',
    'VXBzdHJlYW06',
    '../../etc',
    Buffer.from('Upstream:1').toString('base64url'),
    'A'.repeat(500),
    `${encodeGlobalId('User', newId())}=`,
  ])('refuses %j', (text) => {
    expect(decodeGlobalId(text)).toBeNull();
  });
});

describe('slugs', () => {
  it.each(['a', 'a-b', 'team-1', 'x'.repeat(32)])('accepts %s', (slug) => {
    expect(isSlug(slug)).toBe(true);
  });

  it.each([
    '',
    '-a',
    'a-',
    'a--b',
    'A',
    'a_b',
    'ä',
    'a b',
    'x'.repeat(33),
    '01a20618-fadd-7ab0-a8f3-53357a92b4c3',
    'a/b',
    'a.b',
    '%2e',
  ])('refuses %j', (slug) => {
    expect(isSlug(slug)).toBe(false);
  });
});
