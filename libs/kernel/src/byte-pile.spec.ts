import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BytePile } from './byte-pile.js';

describe('BytePile', () => {
  it('gives back what was put on it, however it was cut, and is empty then', () => {
    const sizes = fc.array(
      fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 2000 }), fc.constantFrom(16_383, 16_384, 70_000)),
      {
        maxLength: 40,
      },
    );
    const pile = new BytePile();
    fc.assert(
      fc.property(sizes, (cuts) => {
        const pieces = cuts.map((size, index) => Buffer.alloc(size, index + 1));
        const expected = Buffer.concat(pieces);
        for (const piece of pieces) pile.push(piece);
        expect(pile.length).toBe(expected.length);
        expect(pile.take().equals(expected)).toBe(true);
        expect([pile.length, pile.take().length]).toEqual([0, 0]);
      }),
    );
  });

  it('does not copy the only piece', () => {
    const piece = Buffer.from('{}');
    const pile = new BytePile();
    pile.push(piece);
    expect(pile.take()).toBe(piece);
  });

  it('takes little more memory than the bytes that lie on it', () => {
    const pile = new BytePile();
    const bytes = Array.from({ length: 256 }, (_, byte) => Buffer.of(byte));
    const count = 1_000_000;
    const before = process.memoryUsage();
    for (let index = 0; index < count; index++) pile.push(bytes[index & 0xff] ?? Buffer.of(0));
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(2 * count);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(16 * count);
    const whole = pile.take();
    expect(whole.length).toBe(count);
    expect(whole.every((byte, index) => byte === (index & 0xff))).toBe(true);
  });
});
