import type { JsonObject, JsonRpcId, RequestOutcome } from '#mcp';
import { messageEvent, type EventWriter } from '../http/message-event.js';
import type { Principal } from '#snapshot';
import type { McpRoute } from '../pipeline/mcp-route.js';
import type { ClientSession } from './client-session.js';
import { EventLog } from './event-log.js';
import { PendingAsks, unanswered, type AskWay } from './pending-asks.js';
import { Replay } from './replay.js';
import type { EventKeeper, SessionHost } from './session-host.js';

/** Where sessions of a token are. */
export interface SessionPlace {
  readonly route: McpRoute;
  /** The endpoint's row, as the newest snapshot knows it that has one; null for the aggregate. */
  subjectId: string | null;
}

/** One token and what its sessions have in common. */
export interface SessionHolder {
  readonly tokenHash: string;
  /** As the newest snapshot that was asked knows it. */
  principal: Principal;
  /** By path. */
  readonly places: Map<string, SessionPlace>;
  readonly sessions: Set<Session>;
}

/** A request of the client that is being answered. */
export interface RunningRequest {
  readonly id: JsonRpcId | null;
  cancel(reason: Error): void;
}

/** What only a session in use has; an idle one has none of it. */
interface Live {
  readonly running: Set<RunningRequest>;
  readonly asks: PendingAsks;
  readonly replay: Replay;
  readonly logs: Map<string, EventLog>;
  readonly onClose: (() => void)[];
  readonly onStream: (() => void)[];
}

const noCapabilities: JsonObject = {};
const primedFrom = '2025-11-25';
/** A client that comes back waits this long first, unless told otherwise. */
const retryMs = 1000;

/** See {@link ClientSession}. What is not needed by an idle session is made when it is needed. */
export class Session implements ClientSession, EventKeeper {
  logLevel: string | null = null;
  lastUsed: number;
  #protocolVersion: string;
  #clientInfo: JsonObject | null = null;
  #capabilities: JsonObject = noCapabilities;
  #live: Live | null = null;
  /** The stream for unsolicited messages: one of GET, or that of 2024-11-05. */
  #stream: EventLog | EventWriter | null = null;
  /** Bytes of the largest message that may still wait for the reader of HTTP+SSE. */
  #largest = 0;
  #closed = false;

  constructor(
    private readonly host: SessionHost,
    public holder: SessionHolder,
    readonly route: McpRoute,
    readonly id: string,
    protocolVersion: string,
  ) {
    this.#protocolVersion = protocolVersion;
    this.lastUsed = host.clock.now();
  }

  get tokenId(): string {
    return this.holder.principal.tokenId;
  }

  get tokenHash(): string {
    return this.holder.tokenHash;
  }

  get protocolVersion(): string {
    return this.#protocolVersion;
  }

  get clientInfo(): JsonObject | null {
    return this.#clientInfo;
  }

  get capabilities(): JsonObject {
    return this.#capabilities;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get hasStream(): boolean {
    if (this.#stream === null) return false;
    return this.#stream instanceof EventLog ? this.#stream.connected : this.#stream.open;
  }

  /** Whether it lives on the one stream of HTTP+SSE (2024-11-05). */
  get usesHttpSse(): boolean {
    return this.route.transport === 'sse';
  }

  /** Whether it must not be ended for being unused. */
  get busy(): boolean {
    return this.hasStream || (this.#live !== null && this.#live.running.size > 0);
  }

  agree(protocolVersion: string): void {
    this.#protocolVersion = protocolVersion;
  }

  /** Notes what the client said about itself. */
  introduce(info: JsonObject | null, capabilities: JsonObject): void {
    // Nobody would give back what is taken for it now.
    if (this.#closed) return;
    const { shared } = this.host;
    this.#forgetClient();
    this.#clientInfo = info === null ? null : shared.take(info);
    this.#capabilities = shared.take(capabilities);
  }

  notify(text: string): boolean {
    return this.#say(text);
  }

  /** Says something on the stream of HTTP+SSE. A promise resolves when the client can take more. */
  write(text: string): void | Promise<void> {
    const stream = this.#stream;
    if (stream !== null && !(stream instanceof EventLog)) return this.#writeTo(stream, messageEvent(text, null));
  }

  ask(method: string, params: string, signal: AbortSignal, tell?: AskWay['tell']): Promise<RequestOutcome> {
    return this.askThrough(method, params, signal, { deliver: (text) => this.#say(text), tell });
  }

  /** Sends a request to the client over a stream of the caller's choice. */
  askThrough(method: string, params: string, signal: AbortSignal, way: AskWay): Promise<RequestOutcome> {
    if (this.#closed) return Promise.resolve(unanswered('The session has ended.'));
    return this.#use().asks.ask(method, params, signal, way);
  }

  /** Takes the client's answer to a request of ours. */
  answer(id: unknown, outcome: RequestOutcome): void {
    this.#live?.asks.answer(id, outcome);
  }

  takeOwed(id: unknown): boolean {
    return this.#live?.asks.takeOwed(id) === true;
  }

  /** Takes the client's `notifications/progress`; false when it is about no request of ours. */
  progressed(text: string, params: JsonObject | undefined): boolean {
    return this.#live?.asks.progressed(text, params) === true;
  }

  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#use().onClose.push(listener);
  }

  onStream(listener: () => void): void {
    if (!this.#closed) this.#use().onStream.push(listener);
  }

  begin(request: RunningRequest): void {
    this.#use().running.add(request);
  }

  end(request: RunningRequest): void {
    this.#live?.running.delete(request);
  }

  /** Cancels what the client began under this very id: `1` is not `"1"`. */
  cancel(id: unknown, reason: Error): void {
    for (const request of this.#live?.running ?? []) if (request.id === id) request.cancel(reason);
  }

  /** Opens a stream that its client may leave and come back to. */
  openLog(): EventLog {
    const { replay, logs } = this.#use();
    const log: EventLog = new EventLog(replay, this.#protocolVersion >= primedFrom, retryMs, () => logs.delete(log.id));
    logs.set(log.id, log);
    this.host.keeps(this);
    return log;
  }

  /** The stream that an event id names; undefined when it is not one of this session. */
  logOf(stream: string): EventLog | undefined {
    return this.#live?.logs.get(stream);
  }

  /** The stream for unsolicited messages begins anew. */
  openStream(): EventLog {
    if (this.#stream instanceof EventLog) this.#live?.logs.delete(this.#stream.id);
    const log = this.openLog();
    this.#stream = log;
    return log;
  }

  /** Hears that the client listens to a stream again, or for the first time. */
  listening(log: EventLog): void {
    if (log === this.#stream) this.#tellStream();
  }

  /** The one stream of 2024-11-05, which carries everything and ends with its connection. */
  useStream(stream: EventWriter): void {
    this.#stream = stream;
    this.#tellStream();
  }

  /** Ends the stream for unsolicited messages, politely. */
  endStream(): void {
    if (this.#stream instanceof EventLog) this.#stream.finish();
    else this.#stream?.end();
  }

  /** Ends the connection of that stream; its client may come back for the rest, where it can. */
  pauseStream(): void {
    if (this.#stream instanceof EventLog) this.#stream.suspend(retryMs);
    else this.#stream?.end();
  }

  /** Forgets events that are too old, and streams whose client did not come back. @returns whether any is left */
  forget(now: number): boolean {
    const live = this.#live;
    if (live === null) return false;
    const oldest = now - this.host.replayAgeMs;
    live.replay.dropBefore(oldest);
    for (const log of live.logs.values()) {
      const left = log.leftAt !== null && log.leftAt < oldest;
      if (!left || !(log.finished || log === this.#stream)) continue;
      live.logs.delete(log.id);
      if (log === this.#stream) this.#stream = null;
    }
    return live.logs.size > 0;
  }

  /** Ends streams politely, and every request with `reason`. */
  close(reason: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    const live = this.#live;
    this.#live = null;
    if (live !== null) {
      for (const request of live.running) request.cancel(reason);
      live.asks.giveUp('The session has ended.');
      for (const log of live.logs.values()) log.finish();
      live.replay.clear();
      for (const listener of live.onClose) listener();
    }
    if (this.#stream !== null && !(this.#stream instanceof EventLog)) this.#stream.end();
    this.#stream = null;
    this.#forgetClient();
  }

  #forgetClient(): void {
    const { shared } = this.host;
    if (this.#clientInfo !== null) shared.drop(this.#clientInfo);
    shared.drop(this.#capabilities);
  }

  #tellStream(): void {
    for (const listener of this.#live?.onStream ?? []) listener();
  }

  /** Says something that belongs to no request. Nobody waits for its reader, so one that falls behind is let go. */
  #say(text: string): boolean {
    const stream = this.#stream;
    if (stream === null || this.#closed) return false;
    if (stream instanceof EventLog) {
      if (stream.backlog > this.host.maxBacklog) stream.cut();
      void stream.append(text, this.host.clock.now());
      return true;
    }
    if (!stream.open) return false;
    void this.#writeTo(stream, messageEvent(text, null));
    return stream.open;
  }

  /** One stream for everything: a message is added only while no more waits than the bound and one message. */
  #writeTo(stream: EventWriter, event: string): void | Promise<void> {
    const { backlog } = stream;
    if (backlog <= this.host.maxBacklog) this.#largest = 0;
    if (backlog > this.host.maxBacklog + this.#largest) {
      stream.cut();
      return;
    }
    this.#largest = Math.max(this.#largest, Buffer.byteLength(event));
    return stream.write(event);
  }

  #use(): Live {
    this.#live ??= {
      running: new Set(),
      asks: new PendingAsks(),
      replay: new Replay(this.host.replayBounds, this.host.replayMemory),
      logs: new Map(),
      onClose: [],
      onStream: [],
    };
    return this.#live;
  }
}
