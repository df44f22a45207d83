import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '#observability';
import type { DatabasePool } from '#postgres';

/** What a directory needs. */
export interface InstanceDirectoryOptions {
  /** In the system role. */
  readonly pool: Pick<DatabasePool, 'query'>;
  readonly selfId: string;
  /** `host:port` under which the others reach this process. */
  readonly address: string;
  readonly beatMs: number;
  readonly logger: Logger;
}

/** After so many beats without a sign of life a process counts as gone. */
const missedBeats = 3;
/** An id that nobody knows costs at most one look into the database within this time. */
const lookUpMs = 1000;
/** Ids remembered as unknown between two beats. */
const maxUnknown = 10_000;

interface Row {
  readonly id: string;
  readonly address: string;
}

/**
 * Says in `gateway_instances` that this process lives, and knows the others that do. While the database is away it
 * goes on with what it knew.
 */
export class InstanceDirectory {
  #known = new Map<string, string>();
  readonly #unknown = new Set<string>();
  #lookUp: Promise<void> | null = null;
  #lookedUpAt = -Infinity;
  #beatAt = -Infinity;
  /** Until then a missing beat of another process says nothing: the database has only just come back, or we have. */
  #lenientUntil = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | null = null;
  #onChange: () => void = () => undefined;

  constructor(private readonly options: InstanceDirectoryOptions) {}

  /**
   * Registers this process and beats from now on.
   * @param onChange called when processes have gone
   */
  async start(onChange: () => void): Promise<void> {
    this.#onChange = onChange;
    await this.#beat();
    this.#timer = setInterval(() => {
      this.#beating ??= this.#beat()
        .catch((error: unknown) => this.options.logger.debug({ err: error }, 'a heartbeat was not written'))
        .finally(() => (this.#beating = null));
    }, this.options.beatMs);
    this.#timer.unref();
  }

  /** Whether a process is known to live; asks nobody. */
  has(id: string): boolean {
    return this.#known.has(id);
  }

  /** How many others are known. */
  get size(): number {
    return this.#known.size;
  }

  /** Where a process listens for the others; null when it is gone. */
  async addressOf(id: string): Promise<string | null> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    // A process registers before it hands out its id, so one look that begins now settles it until the next beat.
    if (this.#unknown.has(id)) return null;
    await (this.#lookUp ??= this.#lookUpSoon());
    const found = this.#known.get(id);
    if (found === undefined && this.#unknown.size < maxUnknown) this.#unknown.add(id);
    return found ?? null;
  }

  /** Forgets a process that did not answer, until the next beat. */
  forget(id: string): void {
    this.#known.delete(id);
    this.#unknown.add(id);
  }

  /** Removes this process from the table; the others notice at their next beat. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    await this.options.pool
      .query('delete from gateway_instances where id = $1', [this.options.selfId])
      // Where the database is away, its row grows old.
      .catch(() => undefined);
  }

  async #lookUpSoon(): Promise<void> {
    await delay(Math.max(0, this.#lookedUpAt + lookUpMs - performance.now()));
    this.#lookedUpAt = performance.now();
    // Who comes now must not rely on a look that has begun: its process may have registered a moment later.
    this.#lookUp = null;
    try {
      for (const { id, address } of await this.#others()) this.#known.set(id, address);
    } catch (error) {
      this.options.logger.debug({ err: error }, 'the other gateway processes could not be looked up');
    }
  }

  async #beat(): Promise<void> {
    const { address, beatMs, pool, selfId } = this.options;
    const now = performance.now();
    if (now - this.#beatAt > (missedBeats - 1) * beatMs) this.#lenientUntil = now + missedBeats * beatMs;
    await pool.query(
      `insert into gateway_instances (id, address) values ($1, $2)
       on conflict (id) do update set heartbeat_at = now()`,
      [selfId, address],
    );
    const isLenient = now < this.#lenientUntil;
    if (!isLenient)
      await pool.query(
        `delete from gateway_instances where id in
           (select id from gateway_instances where heartbeat_at < now() - $1 * interval '1 millisecond' for update skip locked)`,
        [missedBeats * beatMs],
      );
    const others = await this.#others();
    this.#beatAt = now;
    const known = new Map(others.map(({ id, address: where }) => [id, where]));
    const hasLost = !isLenient && [...this.#known.keys()].some((id) => !known.has(id));
    this.#known = isLenient ? new Map([...this.#known, ...known]) : known;
    this.#unknown.clear();
    if (hasLost) this.#onChange();
  }

  #others(): Promise<Row[]> {
    const { beatMs, pool, selfId } = this.options;
    return pool.query<Row & Record<string, unknown>>(
      `select id, address from gateway_instances
       where id <> $1 and heartbeat_at >= now() - $2 * interval '1 millisecond'`,
      [selfId, missedBeats * beatMs],
    );
  }
}
