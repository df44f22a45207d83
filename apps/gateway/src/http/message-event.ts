const lineBreak = /\r\n|\r|\n/g;

/** One message as an event of a stream (HTML, Server-sent events); `id` where the stream can be resumed. */
export function messageEvent(data: string, id: string | null): string {
  const lines = data.includes('\n') || data.includes('\r') ? data.replaceAll(lineBreak, '\ndata: ') : data;
  return `event: message\n${id === null ? '' : `id: ${id}\n`}data: ${lines}\n\n`;
}

/** Where events are written to. */
export interface EventWriter {
  /** False once it was ended or its reader has gone. */
  readonly open: boolean;
  /** Bytes that the reader has not taken. */
  readonly backlog: number;
  /** Writes whole events. A promise resolves when the reader can take more, or has gone; it never rejects. */
  write(events: string): void | Promise<void>;
  /** Ends the stream in good order, after everything that was written. */
  end(): void;
  /** Drops the reader with everything that it has not taken. */
  cut(): void;
}
