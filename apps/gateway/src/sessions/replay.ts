import { eventOverhead, type Giver, type ReplayMemory } from './replay-memory.js';

/** How much one session may keep for a client that comes back. */
export interface ReplayBounds {
  readonly events: number;
  readonly bytes: number;
}

/** A stream whose events are kept. */
export interface KeptStream {
  /** The newest event that is no longer kept. */
  lost: number;
  /** Hears that an event of it was given up. */
  onLost?(): void;
}

interface KeptEvent {
  readonly log: KeptStream;
  readonly sequence: number;
  readonly text: string;
  readonly at: number;
}

/** The latest events of one session, of all its streams in the order of their sending; the oldest make room for new ones. */
export class Replay implements Giver {
  readonly #kept: KeptEvent[] = [];
  #bytes = 0;

  constructor(
    private readonly bounds: ReplayBounds,
    private readonly memory: ReplayMemory,
  ) {}

  get size(): number {
    return this.#kept.length;
  }

  keep(log: KeptStream, sequence: number, text: string, now: number): void {
    const { bounds, memory } = this;
    const before = this.#cost;
    this.#kept.push({ log, sequence, text, at: now });
    this.#bytes += text.length;
    memory.resized(this, before, this.#cost);
    // The newest one may be larger than the bound: it is the answer that somebody comes back for.
    while (this.#kept.length > bounds.events || (this.#bytes > bounds.bytes && this.#kept.length > 1))
      this.dropOldest();
    memory.fit();
  }

  /** What a stream sent after an event, oldest first. */
  after(log: KeptStream, sequence: number): KeptEvent[] {
    return this.#kept.filter((event) => event.log === log && event.sequence > sequence);
  }

  dropBefore(time: number): void {
    while ((this.#kept[0]?.at ?? Infinity) < time) this.dropOldest();
  }

  clear(): void {
    while (this.#kept.length > 0) this.dropOldest();
  }

  dropOldest(): void {
    const before = this.#cost;
    const oldest = this.#kept.shift();
    if (oldest === undefined) return;
    this.#bytes -= oldest.text.length;
    this.memory.resized(this, before, this.#cost);
    oldest.log.lost = oldest.sequence;
    oldest.log.onLost?.();
  }

  get #cost(): number {
    return this.#bytes + this.#kept.length * eventOverhead;
  }
}
