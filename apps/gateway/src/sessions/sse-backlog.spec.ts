import { describe, expect, it } from 'vitest';
import { systemClock } from '#kernel';
import type { EventWriter } from '../http/message-event.js';
import { ReplayMemory } from './replay-memory.js';
import { Session, type SessionHolder } from './session.js';
import { SharedValues } from './shared-values.js';

/** A connection whose reader takes nothing until told to. */
class Stalled implements EventWriter {
  open = true;
  backlog = 0;
  write(events: string): Promise<void> {
    this.backlog += Buffer.byteLength(events);
    return new Promise(() => undefined);
  }
  end(): void {
    this.open = false;
  }
  cut(): void {
    this.open = false;
    this.backlog = 0;
  }
}

const maxBacklog = 10_000;

function openSession(): { session: Session; stream: Stalled } {
  const host = {
    clock: systemClock,
    shared: new SharedValues(),
    replayBounds: { events: 10, bytes: 1000 },
    replayMemory: new ReplayMemory(10_000),
    replayAgeMs: 1000,
    maxBacklog,
    keeps: () => undefined,
  };
  const route = { kind: 'aggregate', name: null, path: '/sse', transport: 'sse' } as unknown as Session['route'];
  const session = new Session(host, {} as SessionHolder, route, 'id', '2024-11-05');
  const stream = new Stalled();
  session.useStream(stream);
  return { session, stream };
}

describe('[SES-17] the one stream of HTTP+SSE', () => {
  it('is cut when its reader leaves more than the bound and one answer', () => {
    const { session, stream } = openSession();
    const answer = 'x'.repeat(1000);
    let written = 0;
    while (stream.open && written < 100) {
      void session.write(answer);
      written++;
    }
    expect(stream.open).toBe(false);
    expect(written).toBeLessThanOrEqual(maxBacklog / 1000 + 3);
  });

  it('carries a large answer beside small ones, but not one after the other without end', () => {
    const { session, stream } = openSession();
    const large = 'x'.repeat(50 * maxBacklog);
    void session.write(large);
    expect(session.notify('small')).toBe(true);
    void session.write('small');
    expect(stream.open).toBe(true);
    void session.write(large);
    expect(stream.open).toBe(true);
    void session.write(large);
    expect(stream.open).toBe(false);
    expect(session.notify('small')).toBe(false);
  });

  it('goes on with a reader that takes what comes', () => {
    const { session, stream } = openSession();
    for (let count = 0; count < 20; count++) {
      void session.write('x'.repeat(5 * maxBacklog));
      stream.backlog = 0;
    }
    expect(stream.open).toBe(true);
  });
});
