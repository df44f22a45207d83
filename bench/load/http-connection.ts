import { connect, type Socket } from 'node:net';

/** One answer, headers as text. */
export interface HttpAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: Buffer;
}

const nothing = Buffer.alloc(0);
const headEnd = Buffer.from('\r\n\r\n');

/** The value of a header, or null; `name` in lower case. */
export function headerOf(head: string, name: string): string | null {
  const at = head.toLowerCase().indexOf(`\r\n${name}:`);
  if (at === -1) return null;
  const start = at + name.length + 3;
  const end = head.indexOf('\r\n', start);
  return head.slice(start, end === -1 ? undefined : end).trim();
}

/** Reads a chunked body; null while it is not complete. */
function readChunked(buffer: Buffer, from: number): { body: Buffer; end: number } | null {
  const parts: Buffer[] = [];
  for (let at = from; ;) {
    const lineEnd = buffer.indexOf('\r\n', at, 'latin1');
    if (lineEnd === -1) return null;
    const size = Number.parseInt(buffer.toString('latin1', at, lineEnd), 16);
    const start = lineEnd + 2;
    if (buffer.length < start + size + 2) return null;
    if (size === 0) return { body: Buffer.concat(parts), end: start + 2 };
    parts.push(buffer.subarray(start, start + size));
    at = start + size + 2;
  }
}

/**
 * One keep-alive connection with one request at a time. Hand-made, so that the client costs little of the processor that
 * it shares with the upstream; it reads Content-Length and chunked answers and connects again when it was hung up on.
 */
export class HttpConnection {
  readonly #port: number;
  #socket: Socket | null = null;
  #buffer: Buffer = nothing;
  #waiting: { resolve: (answer: HttpAnswer) => void; reject: (error: Error) => void } | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  request(bytes: string): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket ??= this.#open();
      this.#socket.write(bytes);
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  #open(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    const lost = (error?: Error) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#buffer = nothing;
      const waiting = this.#waiting;
      this.#waiting = null;
      waiting?.reject(error ?? new Error('the connection was closed before the answer'));
    };
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', lost);
    socket.on('close', () => lost());
    return socket;
  }

  #take(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    const split = this.#buffer.indexOf(headEnd);
    if (split === -1) return;
    const head = this.#buffer.toString('latin1', 0, split);
    const lower = head.toLowerCase();
    const status = Number(head.slice(9, 12));
    const start = split + headEnd.length;
    const body = this.#body(lower, status, start);
    if (body === null) return;
    this.#buffer = this.#buffer.length === body.end ? nothing : this.#buffer.subarray(body.end);
    const waiting = this.#waiting;
    this.#waiting = null;
    if (lower.includes('\r\nconnection: close')) this.close();
    waiting?.resolve({ status, head, body: body.body });
  }

  #body(head: string, status: number, start: number): { body: Buffer; end: number } | null {
    if (head.includes('\r\ntransfer-encoding: chunked')) return readChunked(this.#buffer, start);
    const length = status === 204 || status === 304 ? 0 : Number(headerOf(head, 'content-length') ?? 0);
    const end = start + length;
    return this.#buffer.length < end ? null : { body: this.#buffer.subarray(start, end), end };
  }
}
