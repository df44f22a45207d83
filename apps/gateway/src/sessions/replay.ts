/** How much may be kept for clients that come back. */
export interface ReplayBounds {
  /** Of one session. */
  readonly events: number;
  /** Of one session. */
  readonly bytes: number;
  /** Of all sessions of the process. */
  readonly totalBytes: number;
}

/** What all sessions of a process keep together. */
export interface ReplayTotal {
  bytes: number;
}

/** A stream whose events are kept. */
export interface KeptStream {
  /** The newest event that is no longer kept. */
  lost: number;
}

interface KeptEvent {
  readonly log: KeptStream;
  readonly sequence: number;
  readonly text: string;
  readonly at: number;
}

/** The latest events of one session, of all its streams in the order of their sending; the oldest make room for new ones. */
export class Replay {
  readonly #kept: KeptEvent[] = [];
  #bytes = 0;

  constructor(
    private readonly bounds: ReplayBounds,
    private readonly total: ReplayTotal,
  ) {}

  get size(): number {
    return this.#kept.length;
  }

  keep(log: KeptStream, sequence: number, text: string, now: number): void {
    const { bounds, total } = this;
    this.#kept.push({ log, sequence, text, at: now });
    this.#bytes += text.length;
    total.bytes += text.length;
    // The newest one may be larger than the bound: it is the answer that somebody comes back for.
    while (this.#kept.length > bounds.events || (this.#bytes > bounds.bytes && this.#kept.length > 1))
      this.#dropOldest();
    while (total.bytes > bounds.totalBytes && this.#kept.length > 0) this.#dropOldest();
  }

  /** What a stream sent after an event, oldest first. */
  after(log: KeptStream, sequence: number): KeptEvent[] {
    return this.#kept.filter((event) => event.log === log && event.sequence > sequence);
  }

  dropBefore(time: number): void {
    while ((this.#kept[0]?.at ?? Infinity) < time) this.#dropOldest();
  }

  clear(): void {
    while (this.#kept.length > 0) this.#dropOldest();
  }

  #dropOldest(): void {
    const oldest = this.#kept.shift();
    if (oldest === undefined) return;
    oldest.log.lost = oldest.sequence;
    this.#bytes -= oldest.text.length;
    this.total.bytes -= oldest.text.length;
  }
}
