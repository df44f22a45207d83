import { assert, array, boolean, integer, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptsEventStream } from '../http/accepts-event-stream.js';
import { messageEvent, type EventWriter } from '../http/message-event.js';
import { EventLog, parseEventId } from './event-log.js';
import { PendingAsks } from './pending-asks.js';
import { eventOverhead, ReplayMemory } from './replay-memory.js';
import { Replay } from './replay.js';
import { SharedValues } from './shared-values.js';

/** A connection that keeps what was written to it. */
class Written implements EventWriter {
  open = true;
  readonly backlog = 0;
  readonly texts: string[] = [];
  write(events: string): void {
    if (this.open) this.texts.push(events);
  }
  end(): void {
    this.open = false;
  }
  cut(): void {
    this.open = false;
  }
  get data(): string[] {
    return this.texts.flatMap((text) => /^data: (.+)$/m.exec(text)?.[1] ?? []);
  }
}

const bounds = { events: 1000, bytes: 1_000_000 };
const plenty = () => new ReplayMemory(1_000_000);

describe('EventLog', () => {
  it('[SES-7] whatever breaks off and comes back when: every message arrives once, in order', () => {
    assert(
      property(
        array(record({ leave: boolean(), back: boolean(), say: integer({ min: 0, max: 3 }) }), { maxLength: 40 }),
        (steps) => {
          const log = new EventLog(new Replay(bounds, plenty()), true, 1000);
          const got: string[] = [];
          let connection = new Written();
          let last = 0;
          let said = 0;
          log.attach(connection, 0);
          const take = () => {
            got.push(...connection.data);
            for (const text of connection.texts) last = Math.max(last, Number(/^id: \w+-(\d+)$/m.exec(text)?.[1] ?? 0));
          };
          for (const { leave, back, say } of steps) {
            for (let n = 0; n < say; n++) void log.append(String(++said), 0);
            if (leave && connection.open) {
              connection.end();
              log.detach(connection, 0);
              take();
            }
            if (back && !connection.open) {
              connection = new Written();
              expect(log.canResume(last)).toBe(true);
              log.attach(connection, last);
            }
          }
          if (!connection.open) {
            connection = new Written();
            log.attach(connection, last);
          }
          log.finish();
          take();
          expect(got).toEqual(Array.from({ length: said }, (_, index) => String(index + 1)));
        },
      ),
    );
  });

  it('ids name one stream and one place; everything else is none', () => {
    const replay = new Replay(bounds, plenty());
    const [one, two] = [new EventLog(replay, false, 0), new EventLog(replay, false, 0)];
    expect(one.id).not.toBe(two.id);
    expect(parseEventId(`${one.id}-7`)).toEqual({ stream: one.id, sequence: 7 });
    for (const text of [
      '',
      '-',
      '1',
      '1-',
      '-1',
      '1-01',
      '1--1',
      '1-1.5',
      '1-1e9',
      'A-1',
      '1-1 ',
      '1-9999999999999999',
    ])
      expect(parseEventId(text)).toBeNull();
    expect(one.canResume(1)).toBe(false);
  });
});

describe('Replay', () => {
  it('keeps the latest within its bounds, the newest in any case, and says what is lost', () => {
    const memory = plenty();
    const replay = new Replay({ events: 3, bytes: 10 }, memory);
    const log = new EventLog(replay, false, 0);
    const size = (events: number, bytes: number) => events * eventOverhead + bytes;
    for (const text of ['a', 'b', 'c', 'd']) void log.append(text, 5);
    expect([log.canResume(0), log.canResume(1), replay.size, memory.size]).toEqual([false, true, 3, size(3, 3)]);
    void log.append('x'.repeat(50), 6);
    expect([log.canResume(3), log.canResume(4), replay.size, memory.size]).toEqual([false, true, 1, size(1, 50)]);
    replay.dropBefore(6);
    expect(replay.size).toBe(1);
    replay.dropBefore(7);
    expect([replay.size, memory.size, log.canResume(4), log.canResume(5)]).toEqual([0, 0, false, true]);
  });

  it('[RBS-4] 10,000 sessions together stay within the bound of the process; nothing is kept after the end', () => {
    const limit = 1_000_000;
    const memory = new ReplayMemory(limit);
    const replays = Array.from({ length: 10_000 }, () => new Replay(bounds, memory));
    const logs = replays.map((replay) => new EventLog(replay, false, 0));
    for (let n = 0; n < 20; n++) {
      for (const log of logs) void log.append('x'.repeat(n * 10), 0);
      expect(memory.size).toBeLessThanOrEqual(limit);
    }
    for (const log of logs) log.finish();
    const before = memory.size;
    expect(before).toBeGreaterThan(limit / 2);
    for (const log of logs) void log.append('late', 0);
    expect(memory.size).toBe(before);
    for (const replay of replays) replay.clear();
    expect(memory.size).toBe(0);
  });

  it('[RBS-4] the session that keeps most gives first, its oldest events', () => {
    const memory = new ReplayMemory(20 * (eventOverhead + 10));
    const session = () => new EventLog(new Replay(bounds, memory), false, 0);
    const quiet = Array.from({ length: 5 }, session);
    for (const log of quiet) void log.append('0123456789', 0);
    const loud = session();
    for (let n = 0; n < 1000; n++) void loud.append('0123456789', 0);
    for (const log of quiet) expect(log.canResume(0)).toBe(true);
    expect([loud.canResume(984), loud.canResume(985), loud.canResume(999)]).toEqual([false, true, true]);
    // Whoever comes last finds room as well.
    const late = session();
    void late.append('0123456789', 0);
    expect([late.canResume(0), loud.canResume(985), loud.canResume(986)]).toEqual([true, false, true]);
  });

  it('[RBS-4] a stream of which nothing is kept any more and nothing will come is spent, once', () => {
    const replay = new Replay({ events: 2, bytes: 1000 }, plenty());
    const spent: string[] = [];
    const [first, second] = ['first', 'second'].map(
      (name) => new EventLog(replay, false, 0, () => void spent.push(name)),
    ) as [EventLog, EventLog];
    void first.append('a', 0);
    first.finish();
    void second.append('b', 0);
    expect(spent).toEqual([]);
    void second.append('c', 0);
    expect(spent).toEqual(['first']);
    replay.clear();
    expect(spent).toEqual(['first']);
    second.finish();
    expect(spent).toEqual(['first', 'second']);
  });
});

describe('PendingAsks', () => {
  it('[SES-11] gives each answer to the one who asked, whatever their order', async () => {
    const asks = new PendingAsks();
    const sent: { id: string; method: string }[] = [];
    const ask = (method: string) =>
      asks.ask(method, '{}', new AbortController().signal, {
        deliver: (text) => sent.push(JSON.parse(text) as never) > 0,
      });
    const waiting = [ask('a'), ask('b'), ask('c')];
    expect(new Set(sent.map(({ id }) => id)).size).toBe(3);
    for (const { id, method } of sent.toReversed()) asks.answer(id, { result: `"${method}"` });
    expect(await Promise.all(waiting)).toEqual([{ result: '"a"' }, { result: '"b"' }, { result: '"c"' }]);
    for (const id of ['gh-1', 1, null, undefined, {}]) asks.answer(id, { result: '1' });
  });

  it('never rejects: unreachable, cancelled before and after, given up', async () => {
    const asks = new PendingAsks();
    const never = new AbortController().signal;
    expect(await asks.ask('x', '{}', never, { deliver: () => false })).toHaveProperty('error');
    expect(await asks.ask('x', '{}', AbortSignal.abort(), { deliver: () => true })).toHaveProperty('error');
    const told: string[] = [];
    const controller = new AbortController();
    const cancelled = asks.ask('x', '{}', controller.signal, { deliver: (text) => told.push(text) > 0 });
    controller.abort();
    expect(await cancelled).toHaveProperty('error');
    expect(told[1]).toContain('notifications/cancelled');
    const open = asks.ask('x', '{}', never, { deliver: () => true });
    asks.giveUp('over');
    expect(await open).toMatchObject({ error: expect.stringContaining('over') as string });
  });
});

describe('progress of a client', () => {
  it('[RLY-20] goes to the one who asked, under its own token, while it waits', async () => {
    const asks = new PendingAsks();
    const sent: { id: string; params: { _meta: Record<string, unknown> } }[] = [];
    const told: string[][] = [[], []];
    const ask = (asker: number, params: string) =>
      asks.ask('sampling/createMessage', params, new AbortController().signal, {
        deliver: (text) => sent.push(JSON.parse(text) as never) > 0,
        tell: (text) => void told[asker]?.push(text),
      });
    const waiting = [
      ask(0, '{"big":12345678901234567890,"_meta":{"progressToken":"a","x":1}}'),
      ask(1, '{"_meta":{"progressToken":1}}'),
      ask(1, '{}'),
    ];
    const tokens = sent.map(({ params }) => params._meta?.['progressToken']);
    expect(tokens).toEqual([sent[0]?.id, sent[1]?.id, undefined]);
    const progress = (token: unknown) => {
      const params = { progressToken: token, progress: 0.5 };
      return asks.progressed(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params }), params);
    };
    expect([sent[0]?.id, sent[1]?.id, sent[2]?.id, 'a', 1, undefined].map(progress)).toEqual([
      ...[true, true],
      ...[false, false, false, false],
    ]);
    const own = (token: string) =>
      `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token},"progress":0.5}}`;
    expect(told).toEqual([[own('"a"')], [own('1')]]);
    for (const { id } of sent) asks.answer(id, { result: '{}' });
    await Promise.all(waiting);
    expect(progress(sent[0]?.id)).toBe(false);
  });
});

describe('SharedValues', () => {
  it('[SES-15] keeps equal objects once, and not longer than they are used', () => {
    const values = new SharedValues();
    const taken = Array.from({ length: 100 }, () => values.take({ roots: { listChanged: true } }));
    expect(new Set(taken).size).toBe(1);
    values.take({ other: 1 });
    expect(values.size).toBe(2);
    for (const value of taken) values.drop(value);
    expect(values.size).toBe(1);
    values.drop({ never: 'taken' });
    expect(values.take({ roots: { listChanged: true } })).toEqual({ roots: { listChanged: true } });
  });
});

describe('what goes over the wire', () => {
  it('line breaks inside a message become lines of its event', () => {
    expect(messageEvent('{}', null)).toBe('event: message\ndata: {}\n\n');
    expect(messageEvent('{\r\n"a":\r1\n}', '5-1')).toBe(
      'event: message\nid: 5-1\ndata: {\ndata: "a":\ndata: 1\ndata: }\n\n',
    );
  });

  it.each([
    ['text/event-stream', true],
    ['application/json, text/event-stream', true],
    ['APPLICATION/JSON,Text/Event-Stream ; q=0.1', true],
    ['text/event-stream;charset=utf-8;q=1, */*', true],
    ['text/event-stream;q=0', false],
    ['text/event-stream; q=0.000, application/json', false],
    ['text/event-streams', false],
    ['xtext/event-stream', false],
    ['*/*', false],
    ['', false],
    [undefined, false],
  ])('[SES-5] Accept %j: %s', (accept, expected) => {
    expect(acceptsEventStream(accept)).toBe(expected);
  });
});
