import { messageEvent, type EventWriter } from '../http/message-event.js';
import type { Replay } from './replay.js';

let streams = 0;

const eventId = /^([0-9a-z]{1,11})-(0|[1-9][0-9]{0,14})$/;

/** The stream and the place in it that a `Last-Event-ID` names; null for anything that no stream of ours sent. */
export function parseEventId(text: string): { stream: string; sequence: number } | null {
  const match = eventId.exec(text);
  return match === null ? null : { stream: match[1] ?? '', sequence: Number(match[2]) };
}

/**
 * One stream of a session across the connections that carry it: what is said while nobody listens is kept, and a client
 * that comes back gets exactly what it has missed (2025-11-25, Resumability and Redelivery).
 */
export class EventLog {
  /** Unique in this process, so that the id of another session's event is known to be foreign. */
  readonly id = (++streams).toString(36);
  /** The newest event that is no longer kept. */
  lost = 0;
  #sequence = 0;
  #stream: EventWriter | null = null;
  #leftAt: number | null = null;
  #finished = false;

  constructor(
    private readonly replay: Replay,
    /** Revisions from 2025-11-25 on begin a stream with an event that has nothing but an id. */
    private readonly primed: boolean,
    private readonly retryMs: number,
    /** Hears that everything is said and nothing of it is kept: nobody can come back for it. */
    private readonly onSpent: () => void = () => undefined,
  ) {}

  get connected(): boolean {
    return this.#stream?.open === true;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Since when nobody listens; null while somebody does. */
  get leftAt(): number | null {
    return this.#leftAt;
  }

  /** Whether everything after an event is still there. */
  canResume(sequence: number): boolean {
    return sequence >= this.lost && sequence <= this.#sequence;
  }

  onLost(): void {
    if (this.#finished && this.lost >= this.#sequence) this.onSpent();
  }

  /** Goes on over another connection, from the event after `sequence`. */
  attach(stream: EventWriter, sequence: number): void {
    this.#stream?.end();
    this.#stream = stream;
    this.#leftAt = null;
    if (this.primed) void stream.write(`id: ${this.id}-${sequence}\nretry: ${this.retryMs}\ndata: \n\n`);
    for (const event of this.replay.after(this, sequence)) void stream.write(this.#frame(event.text, event.sequence));
    if (this.#finished) stream.end();
  }

  /** Hears that a connection is gone; one that was replaced does not count. */
  detach(stream: EventWriter, now: number): void {
    if (this.#stream !== stream) return;
    this.#stream = null;
    this.#leftAt = now;
  }

  /** Says something on this stream, and keeps it; nothing once everything is said. */
  append(text: string, now: number): void | Promise<void> {
    if (this.#finished) return;
    this.#sequence++;
    this.replay.keep(this, this.#sequence, text, now);
    return this.#stream?.write(this.#frame(text, this.#sequence));
  }

  /** Lets the client come back later for what is still to come. */
  suspend(retryMs: number): void {
    void this.#stream?.write(`retry: ${retryMs}\n\n`);
    this.#stream?.end();
  }

  /** Drops a connection whose client cannot follow; it may come back for the rest. */
  cut(): void {
    this.#stream?.cut();
  }

  get backlog(): number {
    return this.#stream?.backlog ?? 0;
  }

  /** Everything is said. */
  finish(): void {
    this.#finished = true;
    this.#stream?.end();
    this.onLost();
  }

  #frame(text: string, sequence: number): string {
    return messageEvent(text, `${this.id}-${sequence}`);
  }
}
