import { Cancellation } from '#kernel';
import { memberValue, rewriteObject, type JsonObject, type JsonRpcNotification, type RawMessage } from '#mcp';
import type { UpstreamTarget } from '#snapshot';
import type { Gateway } from '../gateway.js';
import type { LinkOwner } from '../upstream-pool/upstream-links.js';
import { listenTo, modernEntry } from './listen-to.js';
import { ownRequest } from './own-request.js';

/** Who wants to hear of which tasks of one upstream. */
export interface TaskWatchRequest {
  readonly upstream: UpstreamTarget;
  readonly owner: LinkOwner;
  /** What the upstream is told that the client can do, the tasks extension among it. */
  readonly capabilities: JsonObject;
  /** As the upstream spells them. */
  readonly taskIds: readonly string[];
  /** Takes a `notifications/tasks` about one of them. A promise holds the upstream up. */
  onStatus(raw: RawMessage<JsonRpcNotification>, taskId: string): void | Promise<void>;
}

const method = 'notifications/tasks';
const over = new Set<unknown>(['completed', 'failed', 'cancelled']);
const unknownTask = -32602;
const retryMs = 1000;
const mostRetryMs = 30_000;

/**
 * Listens to tasks of one upstream over one stream (tasks extension of 2026-07-28, Task Status Notifications), as long
 * as any of them is unfinished and wanted. A stream that the upstream ends is opened again, and what may have been
 * missed is asked for: whoever was promised to be told need not ask.
 */
export class TaskWatch {
  readonly #wanted: Set<string>;
  /** Cancelled when nobody wants to hear of any of them. */
  readonly #over = new Cancellation();
  #stop: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Streams that have ended since the upstream last told something. */
  #losses = 0;
  /** The stream has ended, or is of no use, and … */
  #isLost = false;
  /** … what was missed is being asked for. */
  #isBusy = false;

  constructor(
    private readonly gateway: Gateway,
    private readonly request: TaskWatchRequest,
  ) {
    this.#wanted = new Set(request.taskIds);
  }

  /**
   * Begins. What the upstream does not agree to tell of is forgotten.
   * @returns the ids that it agrees to; none where it refuses, cannot be reached, or is of the legacy era, whose
   *   core tasks have no words for modern clients
   */
  async start(): Promise<ReadonlySet<string>> {
    if (this.#over.aborted) return new Set();
    try {
      const agreed = await this.#listen();
      for (const id of this.#wanted) if (!agreed.has(id)) this.forget(id);
      return agreed;
    } catch (error) {
      this.#refused(error);
      this.stop();
      return new Set();
    }
  }

  /** Nobody wants to hear of a task any more. */
  forget(taskId: string): void {
    this.#wanted.delete(taskId);
    if (this.#wanted.size === 0) this.stop();
  }

  stop(): void {
    this.#over.cancel(new Error('no longer needed'));
    clearTimeout(this.#timer);
    this.#stop();
  }

  /** @returns what the upstream agrees to of what is wanted */
  async #listen(): Promise<ReadonlySet<string>> {
    const { gateway, request } = this;
    const { capabilities, owner, upstream } = request;
    const agreed = new Set<string>();
    const listening = listenTo(gateway, upstream, owner, {
      filter: { taskIds: [...this.#wanted] },
      capabilities,
      onAcknowledged: ({ taskIds }) => {
        for (const id of Array.isArray(taskIds) ? (taskIds as unknown[]) : [])
          if (typeof id === 'string' && this.#wanted.has(id)) agreed.add(id);
      },
      onNotification: (raw) => {
        this.#losses = 0;
        return this.#hear(raw);
      },
      onEnd: () => {
        this.#isLost = true;
        if (!this.#isBusy) this.#again();
      },
    });
    this.#stop = () => listening.stop();
    await listening.acknowledged;
    return agreed;
  }

  #hear(raw: RawMessage<JsonRpcNotification>): void | Promise<void> {
    const { params } = raw.message;
    const taskId = params?.['taskId'];
    if (this.#over.aborted || raw.message.method !== method) return;
    if (typeof taskId !== 'string' || !this.#wanted.has(taskId)) return;
    const taken = this.request.onStatus(raw, taskId);
    if (over.has(params?.['status'])) this.forget(taskId);
    return taken;
  }

  #again(): void {
    if (this.#over.aborted) return;
    this.#timer = setTimeout(() => void this.#relisten(), Math.min(retryMs * 2 ** this.#losses, mostRetryMs));
    this.#timer.unref();
    this.#losses++;
  }

  async #relisten(): Promise<void> {
    this.#isBusy = true;
    this.#isLost = false;
    try {
      const agreed = await this.#listen();
      for (const id of [...this.#wanted]) await this.#ask(id);
      // What it was to tell of, and does not any more, is asked for from time to time.
      if ([...this.#wanted].some((id) => !agreed.has(id))) this.#lose();
    } catch (error) {
      this.#refused(error);
      this.#lose();
    }
    this.#isBusy = false;
    if (this.#isLost) this.#again();
  }

  #lose(): void {
    this.#stop();
    this.#isLost = true;
  }

  /** Tells the state of a task in the words in which the upstream would have; one that it no longer knows is forgotten. */
  async #ask(taskId: string): Promise<void> {
    if (this.#over.aborted) return;
    const { capabilities, owner, upstream } = this.request;
    const entry = await modernEntry(this.gateway, upstream, owner);
    try {
      const reply = await ownRequest(entry, {
        method: 'tasks/get',
        params: { taskId },
        capabilities,
        signal: this.#over,
      });
      if (reply === null) return;
      const { error, result } = reply.message;
      if (error?.code === unknownTask) this.forget(taskId);
      if (result === undefined) return;
      const { resultType: _type, _meta, ...params } = result;
      const state = rewriteObject(memberValue(reply.text, 'result') ?? '{}', { resultType: null, _meta: null });
      const text = `{"jsonrpc":"2.0","method":"${method}","params":${state}}`;
      await this.#hear({ text, message: { jsonrpc: '2.0', method, params } });
    } finally {
      entry.release();
    }
  }

  #refused(error: unknown): void {
    this.gateway.logger.debug({ err: error, upstream: this.request.upstream.slug }, 'tasks cannot be listened to');
  }
}
