import { assert, constantFrom, property, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capabilityMask, clientCapabilities, isOffered } from './client-capabilities.js';

const some = uniqueArray(constantFrom(...clientCapabilities));

describe('what clients have to declare', () => {
  it('is nothing for an object without a list', () => {
    expect(isOffered(0, [])).toBe(true);
  });

  it('is everything in at least one list [ASK-3]', () => {
    assert(
      property(some, uniqueArray(some, { minLength: 1 }), (declared, required) => {
        const expected = required.some((list) => list.every((one) => declared.includes(one)));
        expect(isOffered(capabilityMask(declared), required.map(capabilityMask))).toBe(expected);
      }),
    );
  });
});
