import { exposeNotification, relayedCapabilities, type JsonObject } from '#mcp';
import type { Target, UpstreamTarget } from '#snapshot';
import type { Gateway } from '../gateway.js';
import type { ConformingCall } from '../pipeline/calls.js';
import { linkClaimOf, lostSince, recheckOf } from '../pipeline/claim.js';
import { exposureOf } from './exposure.js';
import { linkOwnerOf } from './link-owners.js';
import { patienceMs } from './listen-to.js';
import { TaskWatch } from './watch-tasks.js';

/** Takes a notification, its params, and what it is about; a promise where the client is behind. */
export type TellTask = (text: string, params: JsonObject | undefined, about: string) => void | Promise<void>;

/** The tasks of which one client listens to. */
export interface ListenedTasks {
  /** The ids, as the client knows them, that their upstreams have agreed to tell of. Never rejects. */
  readonly agreed: Promise<ReadonlySet<string>>;
  stop(): void;
}

function byUpstream(tasks: ReadonlyMap<string, Target>): Iterable<readonly Target[]> {
  const found = new Map<string, Target[]>();
  for (const task of tasks.values()) {
    const others = found.get(task.upstream.id);
    if (others === undefined) found.set(task.upstream.id, [task]);
    else others.push(task);
  }
  return found.values();
}

/** The tasks of one upstream that one client listens to. */
class UpstreamTasks {
  readonly #watch: TaskWatch;
  readonly #tasks: Set<Target>;
  readonly #ends: (() => void)[] = [];

  constructor(
    private readonly gateway: Gateway,
    private readonly call: ConformingCall,
    private readonly upstream: UpstreamTarget,
    tasks: readonly Target[],
    private readonly tell: TellTask,
  ) {
    this.#tasks = new Set(tasks);
    const spoken = { era: 'MODERN', protocolVersion: upstream.protocolVersion } as const;
    this.#watch = new TaskWatch(gateway, {
      upstream,
      owner: linkOwnerOf(gateway, call, upstream, spoken),
      capabilities: relayedCapabilities(call.client.capabilities, 'MODERN', 'MODERN'),
      taskIds: tasks.map(({ originalName }) => originalName),
      onStatus: ({ message, text }, taskId) => {
        let behind: void | Promise<void> = undefined;
        for (const task of this.#tasks) if (task.originalName === taskId) behind = this.#tell(task, text, message);
        // The stream is this client's own there; over a pipe everybody would wait.
        return upstream.transport === 'STREAMABLE_HTTP' ? behind : undefined;
      },
    });
    for (const task of tasks) this.#holdTo(task);
  }

  /** @returns the ids that the client knows, of what is told */
  async start(): Promise<readonly string[]> {
    const agreed = await this.#watch.start();
    return [...this.#tasks].filter((task) => agreed.has(task.originalName)).map((task) => task.exposedName);
  }

  stop(): void {
    for (const end of this.#ends) end();
    this.#watch.stop();
  }

  /** The right to a tool may be taken away while the rest stays; its tasks go with it. */
  #holdTo(task: Target): void {
    const { call, gateway, upstream } = this;
    const claim = { ...linkClaimOf(call, upstream.id), toolId: task.objectId };
    const recheck = recheckOf(claim, gateway.snapshots, gateway.clock);
    if (lostSince(gateway, call, recheck) !== null) {
      this.#forget(task);
      return;
    }
    const run = gateway.running.begin(recheck);
    run.signal.addEventListener('abort', () => this.#forget(task));
    this.#ends.push(() => run.end());
  }

  #forget(task: Target): void {
    this.#tasks.delete(task);
    const { originalName } = task;
    if ([...this.#tasks].every((other) => other.originalName !== originalName)) this.#watch.forget(originalName);
  }

  #tell(task: Target, text: string, message: Parameters<typeof exposeNotification>[1]): void | Promise<void> {
    const { call, gateway, upstream } = this;
    const exposure = exposureOf(gateway.keyring, call.endpoint, call.principal, upstream, () => task.objectId);
    return this.tell(exposeNotification(text, message, exposure), message.params, task.exposedName);
  }
}

/** Listens to tasks at their upstreams, over one stream for each of those, for one client. */
export function listenToTasks(
  gateway: Gateway,
  call: ConformingCall,
  tasks: ReadonlyMap<string, Target>,
  tell: TellTask,
): ListenedTasks {
  const agreed = new Set<string>();
  const all = [...byUpstream(tasks)].flatMap((own) => {
    const upstream = own[0]?.upstream;
    return upstream === undefined ? [] : [new UpstreamTasks(gateway, call, upstream, own, tell)];
  });
  // One that has not agreed by then tells nothing: the acknowledgement of everything else waits for it.
  const late = new Set(all);
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patienceMs);
    timer.unref();
  });
  const started = all.map(async (one) => {
    const told = await one.start();
    if (late.delete(one)) for (const id of told) agreed.add(id);
  });
  const settled = Promise.race([Promise.all(started), patience]).then(() => {
    clearTimeout(timer);
    for (const one of late) one.stop();
    late.clear();
    return agreed;
  });
  return {
    agreed: settled,
    stop: () => {
      clearTimeout(timer);
      for (const one of all) one.stop();
    },
  };
}
