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

  it('reads the largest header at once, whatever is in it', () => {
    const hostile = [' ', ';', ',', '; q', ';q=0', ' q = 0'].map((piece) => piece.repeat(16_000 / piece.length));
    const startedAt = performance.now();
    for (const noise of hostile) acceptsEventStream(`text/event-stream;${noise}x`);
    for (const noise of hostile) acceptsEventStream(`${noise}text/event-stream${noise}x`);
    expect(performance.now() - startedAt).toBeLessThan(50);
  });
});
