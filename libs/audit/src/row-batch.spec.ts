import { describe, expect, it } from 'vitest';
import type { EncodedRecord } from './encode-record.js';
import { RowBatch } from './row-batch.js';

const encoded = (sequence: number, text = 'x'): EncodedRecord => ({
  organizationId: 'o',
  writer: 'w',
  epoch: 'e',
  sequence,
  hash: `h${sequence}`,
  row: JSON.stringify({ sequence, text }),
});

const stored = (batch: RowBatch): unknown => JSON.parse(batch.toJson().toString('utf8'));

describe('RowBatch', () => {
  it('is the JSON array of its rows, whatever their letters', () => {
    const batch = new RowBatch();
    for (const [index, text] of ['a', 'ä€', '\u{1f512}', 'line\nbreak'].entries()) batch.add(encoded(index, text));
    expect(stored(batch)).toEqual([
      { sequence: 0, text: 'a' },
      { sequence: 1, text: 'ä€' },
      { sequence: 2, text: '\u{1f512}' },
      { sequence: 3, text: 'line\nbreak' },
    ]);
    expect(batch.rows()).toHaveLength(4);
    expect([...batch.heads.values()].map(({ sequence }) => sequence)).toEqual([3]);
  });

  it('holds nothing of what was in its block before', () => {
    const batch = new RowBatch();
    for (let index = 0; index < 100; index++) batch.add(encoded(index, 'long '.repeat(20)));
    batch.clear();
    expect(batch.count).toBe(0);
    expect(batch.heads.size).toBe(0);
    expect(stored(batch)).toEqual([]);
    batch.add(encoded(100));
    expect(stored(batch)).toEqual([{ sequence: 100, text: 'x' }]);
    expect(batch.rows()).toEqual([JSON.stringify({ sequence: 100, text: 'x' })]);
    expect(stored(batch.without(0))).toEqual([{ sequence: 100, text: 'x' }]);
  });

  it('is kept only where its block has the usual size', () => {
    expect(new RowBatch().isUsual).toBe(true);
    expect(new RowBatch(200_000).isUsual).toBe(false);
    expect(new RowBatch(200_000).hasRoomFor(200_000)).toBe(true);
  });
});
