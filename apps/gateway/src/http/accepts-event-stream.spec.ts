import { describe, expect, it } from 'vitest';
import { acceptsEventStream } from './accepts-event-stream.js';

describe('acceptsEventStream', () => {
  it.each([
    'text/event-stream',
    'application/json, text/event-stream',
    'application/json,TEXT/Event-Stream ; q=0.5',
    'text/event-stream;charset=utf-8;q=1',
    ' text/event-stream ,*/*;q=0',
  ])('takes %j', (accept) => expect(acceptsEventStream(accept)).toBe(true));

  it.each([
    undefined,
    '',
    '*/*',
    'text/*',
    'application/json',
    'text/event-streams',
    'text/event-stream;q=0',
    'text/event-stream ; q = 0.000',
    'text/event-stream;charset=utf-8; q=0, application/json',
  ])('does not take %j', (accept) => expect(acceptsEventStream(accept)).toBe(false));

  it('takes no more time than the header is long, whatever is in it', () => {
    const cost = (length: number): number => {
      const pieces = [' ', ';', ',', '; q', ';q=0', ' q = 0'].map((piece) => piece.repeat(length / piece.length));
      // Processor time, the least of several: what else the machine does meanwhile must not count.
      const tries = Array.from({ length: 5 }, () => {
        const before = process.cpuUsage();
        for (const noise of pieces)
          for (let again = 16_000 / length; again > 0; again -= 1) {
            acceptsEventStream(`text/event-stream;${noise}x`);
            acceptsEventStream(`${noise}text/event-stream${noise}x`);
          }
        const { user, system } = process.cpuUsage(before);
        return user + system;
      });
      return Math.min(...tries);
    };
    cost(1000);
    // The same number of characters in all; a pattern that backtracks costs sixteen times as much on the long ones.
    expect(cost(16_000)).toBeLessThan(8 * Math.max(cost(1000), 500));
  });
});
