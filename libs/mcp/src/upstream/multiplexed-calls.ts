import type { DomainError } from '#kernel';
import { RequestClock, type ForwardControl, type LateListener } from '#outbound';
import { isObject, type ClassifiedMessage, type JsonRpcId, type JsonRpcResponse } from '../envelope/messages.js';
import { META } from '../era/protocol-versions.js';
import { cancelledNotification } from './cancellation.js';
import type { UpstreamResponse } from './upstream-reply.js';
import { readServerText, relayServerMessage } from './server-traffic.js';
import { upstreamError } from './upstream-connection.js';
import type { LinkRequest, ServerMessages } from './upstream-link.js';

/** Answers of ours to one upstream that may be on their way at once. */
export const MOST_POSTS = 100;

/** What {@link MultiplexedCalls} needs of the connection that all calls share. */
export interface Wire {
  readonly name: string;
  readonly timeoutMs: number;
  readonly maxRequestMs?: number | undefined;
  /** Sends one message; rejects when it cannot be sent. */
  send(body: Buffer | string, request: LinkRequest | null): Promise<void>;
}

/** These concern the whole connection, whatever call happens to run. */
const ofNoCall = new Set([
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
  'notifications/resources/updated',
]);

class RunningCall implements LateListener, ForwardControl {
  private readonly clock: RequestClock | null;

  constructor(
    private readonly calls: MultiplexedCalls,
    readonly request: LinkRequest,
    readonly resolve: (reply: UpstreamResponse) => void,
    readonly reject: (error: unknown) => void,
  ) {
    const { timeoutMs, maxRequestMs } = calls.wire;
    // A subscription stays open as long as the client likes.
    const isEndless = request.method === 'subscriptions/listen';
    this.clock = isEndless ? null : new RequestClock({ timeoutMs, maxMs: maxRequestMs }, this);
    request.signal?.addEventListener('abort', this);
  }

  restart(): void {
    this.clock?.restart();
  }

  hold(): void {
    this.clock?.hold();
  }

  release(): void {
    this.clock?.release();
  }

  onLate(_limit: unknown, ms: number): void {
    const text = `did not answer within ${ms} ms. Check the upstream, or raise GATEHOUSE_OUTBOUND_REQUEST_TIMEOUT.`;
    this.calls.giveUp(this, upstreamError('UPSTREAM_TIMEOUT', this.calls.wire, text));
  }

  /** The signal of the request. */
  handleEvent(): void {
    this.calls.giveUp(this, this.request.signal?.reason);
  }

  stop(): void {
    this.clock?.stop();
    this.request.signal?.removeEventListener('abort', this);
  }
}

/** The calls that share one connection (HTTP+SSE, stdio): answers find their call by id, progress by its token. */
export class MultiplexedCalls {
  private readonly running = new Map<JsonRpcId, RunningCall>();
  /** Requests of the upstream that wait for an answer of ours, by the text of their id. */
  private readonly asked = new Map<string, ServerMessages | undefined>();
  private lastId = 0;
  /** Answers of ours that are on their way. */
  private posting = 0;

  constructor(
    readonly wire: Wire,
    private readonly unsolicited: ServerMessages | undefined,
  ) {}

  get size(): number {
    return this.running.size;
  }

  nextId(): number {
    return ++this.lastId;
  }

  call(request: LinkRequest): Promise<UpstreamResponse> {
    return new Promise((resolve, reject) => {
      if (request.signal?.aborted) {
        reject(request.signal.reason);
        return;
      }
      const call = new RunningCall(this, request, resolve, reject);
      this.running.set(request.id, call);
      this.wire.send(request.body, request).catch((error: unknown) => this.end(call, error));
    });
  }

  /** Ends a call for a reason of ours, and tells the upstream. */
  giveUp(call: RunningCall, reason: unknown): void {
    if (!this.end(call, reason) || call.request.method === 'initialize') return;
    this.wire.send(cancelledNotification(call.request.id, reason), null).catch(() => undefined);
  }

  /** The connection is gone, and with it every answer. */
  failAll(error: DomainError): void {
    for (const call of this.running.values()) this.end(call, error);
  }

  /** Takes one message of the upstream; a promise holds it up. `bytes` is its exact text where that is at hand. */
  take(text: string, bytes: Buffer | null): void | Promise<void> {
    let waiting: Promise<void> | null = null;
    for (const part of readServerText(text)) {
      const taken = this.takeOne(part.said, part.text, part.text === text ? bytes : null);
      if (taken) waiting = waiting === null ? taken : Promise.all([waiting, taken]).then(() => undefined);
    }
    return waiting ?? undefined;
  }

  private takeOne(said: ClassifiedMessage, text: string, bytes: Buffer | null): void | Promise<void> {
    if (said.kind === 'response') {
      this.answer(said.message, text, bytes);
      return;
    }
    if (said.kind === 'request') {
      const call = this.onlyCall();
      const messages = call === null ? this.unsolicited : call.request.messages;
      const id = JSON.stringify(said.message.id);
      this.asked.set(id, messages);
      const send = (answer: string): void => {
        this.asked.delete(id);
        this.post(answer);
      };
      return relayServerMessage(said, text, messages, send, call);
    }
    if (said.kind !== 'notification') return;
    const { call, messages } = this.recipientOf(said.message);
    return relayServerMessage(said, text, messages, null, call);
  }

  private answer(message: JsonRpcResponse, text: string, bytes: Buffer | null): void {
    const id = message.id ?? null;
    // An error without id answers what could not be read: with several calls under way, nobody knows which.
    const call = id === null ? this.onlyCall() : this.running.get(id);
    if (!call || !this.remove(call)) return;
    call.resolve({ kind: 'response', status: 200, sessionId: null, bytes, text, message });
  }

  private recipientOf({
    method,
    params = {},
  }: {
    readonly method: string;
    readonly params?: Record<string, unknown>;
  }): {
    readonly call: RunningCall | null;
    readonly messages: ServerMessages | undefined;
  } {
    const byId = (id: unknown): RunningCall | undefined =>
      typeof id === 'string' || typeof id === 'number' ? this.running.get(id) : undefined;
    if (method === 'notifications/progress') {
      const call = byId(params['progressToken']) ?? null;
      return { call, messages: call?.request.messages };
    }
    if (method === 'notifications/cancelled') {
      const { requestId } = params;
      // Anything else is no id, and may be nested deeper than it can be written down.
      const id = typeof requestId === 'string' || typeof requestId === 'number' ? JSON.stringify(requestId) : '';
      if (this.asked.has(id)) return { call: null, messages: this.asked.get(id) };
    }
    const meta = params['_meta'];
    if (isObject(meta) && meta[META.subscriptionId] !== undefined) {
      // One that has ended is nobody else's.
      const call = byId(meta[META.subscriptionId]) ?? null;
      return { call, messages: call?.request.messages };
    }
    const call = ofNoCall.has(method) ? null : this.onlyCall();
    return { call, messages: call === null ? this.unsolicited : call.request.messages };
  }

  /** What the upstream says without naming a call can only belong to a call when there is just one. */
  private onlyCall(): RunningCall | null {
    if (this.running.size !== 1) return null;
    const [call = null] = this.running.values();
    return call;
  }

  private end(call: RunningCall, error: unknown): boolean {
    if (!this.remove(call)) return false;
    call.reject(error);
    return true;
  }

  private remove(call: RunningCall): boolean {
    if (this.running.get(call.request.id) !== call) return false;
    this.running.delete(call.request.id);
    call.stop();
    return true;
  }

  /** An upstream that asks faster than it takes answers gets no more of them: each may need a connection of its own. */
  private post(text: string): void {
    if (this.posting >= MOST_POSTS) return;
    this.posting++;
    this.wire
      .send(text, null)
      .catch(() => undefined)
      .finally(() => this.posting--);
  }
}
