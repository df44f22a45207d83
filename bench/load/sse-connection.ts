import { connect, type Socket } from 'node:net';
import { HttpConnection, type HttpAnswer } from './http-connection.js';

/**
 * One client of the transport HTTP+SSE (2024-11-05), which some peers speak only: requests are posted, answers come on
 * the event stream. Takes the same request text as {@link HttpConnection} and sends it to the address that the stream
 * tells.
 */
export class SseConnection {
  readonly #post: HttpConnection;
  readonly #url: URL;
  #stream: Socket | null = null;
  #endpoint: Promise<string> | null = null;
  #text = '';
  #waiting: ((answer: HttpAnswer) => void) | null = null;
  #failed: ((error: Error) => void) | null = null;

  constructor(url: string) {
    this.#url = new URL(url);
    this.#post = new HttpConnection(Number(this.#url.port));
  }

  async request(bytes: string): Promise<HttpAnswer> {
    this.#endpoint ??= this.#open();
    const endpoint = await this.#endpoint;
    const answered = new Promise<HttpAnswer>((resolve, reject) => {
      this.#waiting = resolve;
      this.#failed = reject;
    });
    const accepted = await this.#post.request(bytes.replace(/^POST \S+/, `POST ${endpoint}`));
    // A notification has no answer on the stream.
    return bytes.includes('"id":') ? answered : accepted;
  }

  close(): void {
    this.#failed = null;
    this.#stream?.destroy();
    this.#post.close();
  }

  #open(): Promise<string> {
    const { host, pathname, port } = this.#url;
    return new Promise((resolve, reject) => {
      this.#failed = reject;
      const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
      socket.write(`GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\naccept: text/event-stream\r\n\r\n`);
      socket.on('data', (chunk: Buffer) => {
        this.#text += chunk.toString();
        for (let end = this.#text.indexOf('\n\n'); end !== -1; end = this.#text.indexOf('\n\n')) {
          const event = this.#text.slice(0, end);
          this.#text = this.#text.slice(end + 2);
          const data = event.slice(event.lastIndexOf('data:') + 5).trim();
          if (event.includes('event: endpoint')) resolve(data);
          else if (event.includes('"jsonrpc"')) this.#answer(data);
        }
      });
      socket.on('error', (error) => this.#failed?.(error));
      socket.on('close', () => this.#failed?.(new Error('the event stream was closed')));
      this.#stream = socket;
    });
  }

  #answer(data: string): void {
    if (!data.includes('"result"') && !data.includes('"error"')) return;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.({ status: 200, head: '', body: Buffer.from(data) });
  }
}
