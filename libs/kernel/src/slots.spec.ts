import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Slots } from './slots.js';

describe('Slots', () => {
  it('hold what was added and not removed, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat({ max: 20 }), { freq: 2 }), { maxLength: 60 }), (steps) => {
        const slots = new Slots<number>();
        const there: { member: number; slot: number }[] = [];
        for (const [member, gone] of steps.entries()) {
          if (gone === null) there.push({ member, slot: slots.add(member) });
          else for (const { slot } of there.splice(gone % (there.length || 1), 1)) slots.remove(slot);
        }
        const members = there.map(({ member }) => member);
        expect([...slots].sort((a, b) => a - b)).toEqual(members.sort((a, b) => a - b));
        expect(slots.size).toBe(members.length);
      }),
    );
  });
});
