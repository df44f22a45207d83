import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject, LinkRequest, UpstreamReply } from '#mcp';
import type { UpstreamTarget } from '#snapshot';
import type { Gateway } from '../gateway.js';
import { LinkEntry } from '../upstream-pool/link-entry.js';
import type { LinkOwner } from '../upstream-pool/upstream-links.js';
import { TaskWatch } from './watch-tasks.js';

const nothing = () => undefined;
const upstream = { id: 'u', slug: 'up', transport: 'STREAMABLE_HTTP' } as UpstreamTarget;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const reply = (body: object): UpstreamReply => {
  const message = { jsonrpc: '2.0' as const, id: 1, ...body };
  return { kind: 'response', message, text: JSON.stringify(message) } as UpstreamReply;
};

/** An upstream that agrees to tell of `known` tasks, whose states `tasks/get` shows. */
class Upstream {
  known: string[] = ['a', 'b'];
  states: Record<string, JsonObject> = { a: { status: 'working' }, b: { status: 'working' } };
  isDown = false;
  /** Takes requests, and says nothing. */
  isSilent = false;
  readonly sent: { method: string; params: JsonObject }[] = [];
  readonly told: unknown[] = [];
  /** Requests that were taken in silence and not given up. */
  hanging = 0;
  readonly #streams: { request: LinkRequest; end: (reply: UpstreamReply) => void }[] = [];
  readonly watch: TaskWatch;
  readonly entry: LinkEntry;

  constructor() {
    const entry = new LinkEntry('', upstream, nothing, nothing);
    const identity = { era: 'MODERN', protocolVersion: '2026-07-28' };
    const call = (request: LinkRequest) => this.#call(request);
    entry.link = { identity, nextId: () => null, call } as unknown as LinkEntry['link'];
    const stateless = () => {
      entry.inFlight++;
      return entry;
    };
    this.entry = entry;
    const links = { eraOf: () => identity, stateless };
    const snapshots = { current: () => ({ upstreamTarget: () => upstream }), onChange: () => nothing };
    const gateway = { links, snapshots, logger: { debug: nothing } } as unknown as Gateway;
    this.watch = new TaskWatch(gateway, {
      upstream,
      owner: { key: 'k', claim: 'k' } as LinkOwner,
      capabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } },
      taskIds: ['a', 'b'],
      onStatus: ({ message }) => void this.told.push(message.params),
    });
  }

  get streams(): number {
    return this.#streams.length;
  }

  say(method: string, params: JsonObject): void {
    const message = { jsonrpc: '2.0', method, params } as const;
    for (const { request } of this.#streams)
      void request.messages?.notification({ message, text: JSON.stringify(message) });
  }

  async endStreams(): Promise<void> {
    for (const { end } of this.#streams.splice(0)) end(reply({ result: {} }));
    await vi.advanceTimersByTimeAsync(0);
  }

  /** The methods that came since the last look. */
  methods(): string[] {
    return this.sent.splice(0).map(({ method }) => method);
  }

  #call(request: LinkRequest): Promise<UpstreamReply> {
    const { method, params } = JSON.parse(String(request.body)) as { method: string; params: JsonObject };
    this.sent.push({ method, params });
    if (this.isDown) return Promise.reject(new Error('down'));
    if (this.isSilent)
      return new Promise((_resolve, reject) => {
        this.hanging++;
        request.signal?.addEventListener('abort', () => {
          this.hanging--;
          reject(new Error('aborted'));
        });
      });
    const id = String(params['taskId']);
    if (method === 'tasks/get') {
      const state = this.states[id];
      return Promise.resolve(reply(state ? { result: { resultType: 'complete', taskId: id, ...state } } : unknown));
    }
    return new Promise((resolve, reject) => {
      const stream = { request, end: resolve };
      this.#streams.push(stream);
      request.signal?.addEventListener('abort', () => {
        this.#streams.splice(this.#streams.indexOf(stream), 1);
        reject(new Error('aborted'));
      });
      this.say('notifications/subscriptions/acknowledged', { notifications: { taskIds: this.known } });
    });
  }
}

const unknown = { error: { code: -32602, message: 'no such task' } };
const method = 'notifications/tasks';

describe('[TSK-1] watched tasks', () => {
  it('say that the client knows tasks, and are told until the last is over', async () => {
    const server = new Upstream();
    expect(await server.watch.start()).toEqual(new Set(['a', 'b']));
    const [listen] = server.sent;
    expect(JSON.stringify(listen?.params['_meta'])).toContain('{"extensions":{"io.modelcontextprotocol/tasks":{}}}');
    server.say(method, { taskId: 'a', status: 'completed' });
    server.say(method, { taskId: 'a', status: 'working' });
    server.say(method, { taskId: 'other', status: 'working' });
    server.say('notifications/progress', { taskId: 'b' });
    expect(server.streams).toBe(1);
    server.say(method, { taskId: 'b', status: 'failed' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.told).toEqual([
      { taskId: 'a', status: 'completed' },
      { taskId: 'b', status: 'failed' },
    ]);
    expect(server.streams).toBe(0);
    expect(server.methods()).toEqual(['subscriptions/listen']);
  });

  it('are those that the upstream agrees to, and none is listened to for nothing', async () => {
    const server = new Upstream();
    server.known = ['b', 'other'];
    expect(await server.watch.start()).toEqual(new Set(['b']));
    server.say(method, { taskId: 'a', status: 'working' });
    expect(server.told).toEqual([]);
    const stranger = new Upstream();
    stranger.known = [];
    expect(await stranger.watch.start()).toEqual(new Set());
    const dead = new Upstream();
    dead.isDown = true;
    expect(await dead.watch.start()).toEqual(new Set());
    await vi.advanceTimersByTimeAsync(60_000);
    expect([stranger.streams, stranger.methods(), dead.methods()]).toEqual([
      0,
      ['subscriptions/listen'],
      ['subscriptions/listen'],
    ]);
  });

  it('are asked for when the stream comes back, however long that takes', async () => {
    const server = new Upstream();
    await server.watch.start();
    server.isDown = true;
    await server.endStreams();
    server.methods();
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.methods()).toEqual(['subscriptions/listen']);
    await vi.advanceTimersByTimeAsync(1999);
    expect(server.methods()).toEqual([]);
    server.isDown = false;
    server.states = { a: { status: 'completed', result: { n: 1 }, _meta: { own: 1 } } };
    await vi.advanceTimersByTimeAsync(1);
    // The one has ended meanwhile, the other is gone: there is nothing to wait for.
    expect(server.methods()).toEqual(['subscriptions/listen', 'tasks/get', 'tasks/get']);
    expect(server.told).toEqual([{ taskId: 'a', status: 'completed', result: { n: 1 } }]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([server.streams, server.methods()]).toEqual([0, []]);
  });

  it('are asked for from time to time when the upstream does not tell of them any more, until nobody wants that', async () => {
    const server = new Upstream();
    await server.watch.start();
    server.known = ['a'];
    await server.endStreams();
    server.methods();
    const gets: number[] = [];
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      await vi.advanceTimersByTimeAsync(seconds * 1000);
      gets.push(server.methods().filter((one) => one === 'tasks/get').length);
    }
    expect(gets).toEqual([2, 2, 2, 2, 2, 2, 2]);
    server.watch.forget('a');
    server.watch.forget('b');
    await vi.advanceTimersByTimeAsync(60_000);
    expect([server.streams, server.methods()]).toEqual([0, []]);
  });
});

describe('[LSN-1] watched tasks of an upstream that says nothing', () => {
  it('hold nothing up when nobody wants them any more', async () => {
    const server = new Upstream();
    server.isSilent = true;
    const agreed = server.watch.start();
    await vi.advanceTimersByTimeAsync(10);
    expect([server.hanging, server.entry.inFlight]).toEqual([1, 1]);
    server.watch.stop();
    expect(await agreed).toEqual(new Set());
    await vi.advanceTimersByTimeAsync(60_000);
    expect([server.hanging, server.entry.inFlight, server.methods()]).toEqual([0, 0, ['subscriptions/listen']]);
  });

  it('are asked for again once it speaks: silence is an end like any other', async () => {
    const server = new Upstream();
    await server.watch.start();
    server.isSilent = true;
    await server.endStreams();
    server.methods();
    await vi.advanceTimersByTimeAsync(1000);
    expect([server.hanging, server.methods()]).toEqual([1, ['subscriptions/listen']]);
    // Given up after five seconds, and tried two seconds after that.
    await vi.advanceTimersByTimeAsync(5000);
    expect([server.hanging, server.entry.inFlight]).toEqual([0, 0]);
    server.isSilent = false;
    await vi.advanceTimersByTimeAsync(2000);
    expect([server.streams, server.methods()]).toEqual([1, ['subscriptions/listen', 'tasks/get', 'tasks/get']]);
    server.watch.stop();
    await vi.advanceTimersByTimeAsync(0);
    expect([server.streams, server.entry.inFlight]).toEqual([0, 0]);
  });
});
