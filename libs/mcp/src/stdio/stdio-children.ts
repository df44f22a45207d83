import type { StdioCommand } from '#config';
import { DomainError } from '#kernel';
import { StdioChild } from './stdio-child.js';

/** Settings of {@link StdioChildren} (`stdio.*`). */
export interface StdioChildrenOptions {
  /** Processes of one upstream at a time. */
  readonly maxPerUpstream: number;
  /** Of these, processes of one user; in any case one less than there may be, so that no user has them all. */
  readonly maxPerUser?: number | undefined;
  /** Milliseconds without a call after which a child is stopped. */
  readonly idleMs: number;
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly killGraceMs: number;
  /** Bytes kept of the end of what a child wrote to stderr. */
  readonly stderrBytes: number;
  /** Hears that a child has gone, and the end of its stderr, which is for logs only: it may hold anything. */
  readonly onGone?: ((upstream: string, stderr: string) => void) | undefined;
}

/** What a child is started for. */
export interface ChildOrder {
  /** The slug of the upstream. */
  readonly name: string;
  /** The id of the upstream. */
  readonly key: string;
  readonly command: StdioCommand;
  readonly maxBytes: number;
}

/** Of whom there are as many processes as there may be: details of UPSTREAM_TOO_MANY_PROCESSES. */
type FullScope = 'upstream' | 'user';

/** The stdio children of this process: at most so many for each upstream, and none left when it ends. */
export class StdioChildren {
  /** By upstream: its children, and for which user each runs; null: for none. */
  readonly #children = new Map<string, Map<StdioChild, string | null>>();
  readonly #onExit = (): void => {
    for (const children of this.#children.values()) for (const child of children.keys()) child.killNow();
  };
  #closed = false;

  constructor(private readonly options: StdioChildrenOptions) {
    process.once('exit', this.#onExit);
  }

  get idleMs(): number {
    return this.options.idleMs;
  }

  /** How many children run. */
  get size(): number {
    let size = 0;
    for (const children of this.#children.values()) size += children.size;
    return size;
  }

  /** Starts a child for a user, or for none. Throws UPSTREAM_TOO_MANY_PROCESSES, and UPSTREAM_PROCESS_EXITED once closed. */
  spawn({ name, key, command, maxBytes }: ChildOrder, userId: string | null = null): StdioChild {
    const children = this.#children.get(key) ?? new Map<StdioChild, string | null>();
    const { killGraceMs, maxPerUpstream, onGone, stderrBytes } = this.options;
    if (this.#closed)
      throw new DomainError('UPSTREAM_PROCESS_EXITED', `Upstream "${name}" is not started: Gatehouse is stopping.`, {
        details: { upstream: name },
      });
    // First, so that nobody makes room in vain.
    const perUser = this.#maxPerUser;
    if (userId !== null && countOf(children, userId) >= perUser)
      throw new DomainError(
        'UPSTREAM_TOO_MANY_PROCESSES',
        `Upstream "${name}" runs ${perUser} processes for this user here already. Try again later, use clients that declare the same capabilities, or raise GATEHOUSE_STDIO_MAX_CHILDREN_PER_USER.`,
        { details: { upstream: name, limit: perUser, scope: 'user' satisfies FullScope } },
      );
    if (children.size >= maxPerUpstream)
      throw new DomainError(
        'UPSTREAM_TOO_MANY_PROCESSES',
        `Upstream "${name}" runs ${children.size} processes here already. Try again later, share one process between all users, or raise GATEHOUSE_STDIO_MAX_CHILDREN.`,
        { details: { upstream: name, limit: maxPerUpstream, scope: 'upstream' satisfies FullScope } },
      );
    const child: StdioChild = new StdioChild(command, { maxBytes, killGraceMs, stderrBytes }, (stderr) => {
      children.delete(child);
      if (children.size === 0 && this.#children.get(key) === children) this.#children.delete(key);
      onGone?.(name, stderr);
    });
    this.#children.set(key, children.set(child, userId));
    return child;
  }

  get #maxPerUser(): number {
    const { maxPerUpstream, maxPerUser = maxPerUpstream } = this.options;
    return Math.min(maxPerUser, Math.max(1, maxPerUpstream - 1));
  }

  /** Ends every child with its tree. */
  async close(): Promise<void> {
    this.#closed = true;
    const ending: Promise<void>[] = [];
    for (const children of this.#children.values()) for (const child of children.keys()) ending.push(child.kill());
    await Promise.all(ending);
    process.off('exit', this.#onExit);
  }
}

function countOf(children: ReadonlyMap<StdioChild, string | null>, userId: string): number {
  let count = 0;
  for (const one of children.values()) if (one === userId) count++;
  return count;
}
