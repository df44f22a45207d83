import { StringDecoder } from 'node:string_decoder';

/** One event of a `text/event-stream` body (WHATWG HTML §9.2.6). */
export interface ServerSentEvent {
  /** The event type; `message` when the stream names none. */
  readonly event: string;
  readonly data: string;
  readonly id: string | null;
}

/** Splits a `text/event-stream` body, chunk by chunk, into events. Comment lines (keep-alives) are dropped. */
export class EventStreamParser {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';
  private event = '';
  private id: string | null = null;
  private data: string[] = [];
  private first = true;

  /** The events that this chunk completes, in order. */
  push(chunk: Buffer): ServerSentEvent[] {
    let text = this.rest + this.decoder.write(chunk);
    if (this.first && text.length > 0) {
      this.first = false;
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    }
    const events: ServerSentEvent[] = [];
    let start = 0;
    for (;;) {
      const end = this.lineEnd(text, start);
      if (end === -1) break;
      this.line(text.slice(start, end), events);
      start = text.charCodeAt(end) === 13 && text.charCodeAt(end + 1) === 10 ? end + 2 : end + 1;
    }
    this.rest = start === 0 ? text : text.slice(start);
    return events;
  }

  /** A CR at the very end may be half of a CRLF, so it waits for the next chunk. */
  private lineEnd(text: string, start: number): number {
    const lf = text.indexOf('\n', start);
    const cr = text.indexOf('\r', start);
    if (cr === -1 || (lf !== -1 && lf < cr)) return lf;
    return cr === text.length - 1 ? -1 : cr;
  }

  private line(line: string, events: ServerSentEvent[]): void {
    if (line === '') {
      if (this.data.length > 0)
        events.push({ event: this.event || 'message', data: this.data.join('\n'), id: this.id });
      this.event = '';
      this.data = [];
      return;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1);
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.event = value;
    else if (field === 'id' && !value.includes('\0')) this.id = value;
  }
}
