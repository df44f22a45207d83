import { StringDecoder } from 'node:string_decoder';

/** One event of a `text/event-stream` body (WHATWG HTML §9.2.6). */
export interface ServerSentEvent {
  /** The event type; `message` when the stream names none. */
  readonly event: string;
  readonly data: string;
  readonly id: string | null;
}

const lineEnd = /\r\n?|\n/g;
/** So many pieces are joined into one: a text of two letters takes ten times their bytes. */
const MOST_PIECES = 4096;

/** Splits a `text/event-stream` body, chunk by chunk, into events. Comment lines (keep-alives) are dropped. */
export class EventStreamParser {
  private readonly decoder = new StringDecoder('utf8');
  /** The line that has not ended yet, as it came: joined once, at its end, so no byte is looked at twice. */
  private pieces: string[] = [];
  private joined: string[] = [];
  private afterCr = false;
  private event = '';
  private id: string | null = null;
  private data: string[] = [];
  private first = true;
  private held = 0;
  private lastRetry: number | null = null;

  /** The id that the stream gave last, also where no event came with it: what a resumption begins after. */
  get lastEventId(): string | null {
    return this.id;
  }

  /** Milliseconds that the stream wants to pass before it is resumed; null while it has not said. */
  get retryMs(): number | null {
    return this.lastRetry;
  }

  /** Characters that are kept because their event has not ended yet. */
  get pending(): number {
    return this.held;
  }

  /** The events that this chunk completes, in order. */
  push(chunk: Buffer): ServerSentEvent[] {
    const text = this.decoder.write(chunk);
    const events: ServerSentEvent[] = [];
    if (text === '') return events;
    let start = this.skip(text);
    lineEnd.lastIndex = start;
    for (let end = lineEnd.exec(text); end !== null; end = lineEnd.exec(text)) {
      this.keep(text.slice(start, end.index));
      this.line(this.takeLine(), events);
      start = lineEnd.lastIndex;
    }
    if (start < text.length) this.keep(text.slice(start));
    this.afterCr = text.endsWith('\r');
    return events;
  }

  private keep(piece: string): void {
    this.held += piece.length;
    this.pieces.push(piece);
    if (this.pieces.length < MOST_PIECES) return;
    this.joined.push(this.pieces.join(''));
    this.pieces = [];
  }

  private takeLine(): string {
    const last = this.pieces.join('');
    const line = this.joined.length === 0 ? last : this.joined.join('') + last;
    this.pieces = [];
    this.joined = [];
    return line;
  }

  /** How much of a chunk's begin says nothing: a byte order mark, or the LF of a CRLF that was cut in two. */
  private skip(text: string): number {
    const isMark = this.first && text.charCodeAt(0) === 0xfeff;
    this.first = false;
    return isMark || (this.afterCr && text.startsWith('\n')) ? 1 : 0;
  }

  private line(line: string, events: ServerSentEvent[]): void {
    if (line === '') {
      if (this.data.length > 0)
        events.push({ event: this.event || 'message', data: this.data.join('\n'), id: this.id });
      this.event = '';
      this.data = [];
      this.held = 0;
      return;
    }
    const colon = line.indexOf(':');
    // A comment is gone as soon as it has ended: keep-alives must not add up.
    if (colon === 0) {
      this.held -= line.length;
      return;
    }
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1);
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.event = value;
    else if (field === 'id' && !value.includes('\0')) this.id = value;
    else if (field === 'retry' && /^\d{1,9}$/.test(value)) this.lastRetry = Number(value);
  }
}
