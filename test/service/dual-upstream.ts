import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TalkativeUpstream } from '../e2e/talkative-upstream.js';

/** One address that speaks both eras: the header of the revision decides which server answers. */
export class DualUpstream implements AsyncDisposable {
  readonly old = new TalkativeUpstream('legacy');
  readonly young = new TalkativeUpstream('modern');
  /** Legacy sessions that their client ended. */
  deleted = 0;
  readonly #server = createServer((received, response) => this.#pass(received, response));

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`;
  }

  async start(): Promise<this> {
    await Promise.all([this.old.start(), this.young.start()]);
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all([this.old[Symbol.asyncDispose](), this.young[Symbol.asyncDispose]()]);
  }

  #pass(received: IncomingMessage, response: ServerResponse): void {
    const { headers, method } = received;
    if (method === 'DELETE') this.deleted++;
    const to = headers['mcp-protocol-version'] === '2026-07-28' ? this.young : this.old;
    const sent = request(to.url, { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    sent.on('error', () => response.destroy());
    response.on('close', () => sent.destroy());
    received.pipe(sent);
  }
}
