import { describe, expect, it } from 'vitest';
import { Duration } from './scalars.js';

describe('Duration', () => {
  it.each([
    ['500ms', 500, '500ms'],
    ['1500ms', 1500, '1500ms'],
    ['60s', 60_000, '1m'],
    ['90m', 5_400_000, '90m'],
    ['12h', 43_200_000, '12h'],
    ['7d', 604_800_000, '7d'],
    ['0s', 0, '0ms'],
  ])('[UPT-4] reads %s and says it in the largest unit that fits', (text, ms, said) => {
    expect(Duration.parseValue(text)).toBe(ms);
    expect(Duration.serialize(ms)).toBe(said);
  });

  it.each(['30', 's', '1.5s', '-1s', '1 s', '1w', '', 'PT30S', '999999999999d', 30, null])(
    '[UPT-4] refuses %j',
    (value) => {
      expect(() => Duration.parseValue(value)).toThrow('looks like');
    },
  );
});
