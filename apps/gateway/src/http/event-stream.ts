import type { Gateway } from '../gateway.js';
import type { Exchange } from './exchange.js';
import type { EventWriter } from './message-event.js';
import { PacedResponse } from './paced-response.js';
import { closeWhenDraining, commonHeaders, dropStalled } from './send.js';

/** An answer that is a stream of events, kept alive by comments, written no faster than its reader reads. */
export class EventStream implements EventWriter {
  readonly #exchange: Exchange;
  readonly #gateway: Gateway;
  readonly #paced: PacedResponse;
  readonly #keepAlive: NodeJS.Timeout | null;
  #open = true;

  /** Sends the head. `onClose` hears once that nobody reads any more, whoever ended it. */
  constructor(gateway: Gateway, exchange: Exchange, headers: readonly string[], onClose: () => void) {
    this.#gateway = gateway;
    this.#exchange = exchange;
    this.#paced = new PacedResponse(gateway, exchange);
    const { response } = exchange;
    if (response.destroyed) {
      this.#open = false;
      this.#keepAlive = null;
      // Not before the one who opens it has it.
      queueMicrotask(onClose);
      return;
    }
    const head = commonHeaders(gateway, exchange);
    // Proxies such as nginx would otherwise keep events until they have a page of them.
    head.push('content-type', 'text/event-stream', 'x-accel-buffering', 'no', ...headers);
    response.writeHead(200, head);
    response.flushHeaders();
    gateway.streams.opened();
    this.#keepAlive = setInterval(() => this.#comment(), gateway.config.mcp.keepAlive);
    this.#keepAlive.unref();
    response.once('close', () => {
      this.#close();
      gateway.streams.closed();
      onClose();
    });
    closeWhenDraining(gateway, exchange);
  }

  get open(): boolean {
    return this.#open;
  }

  get backlog(): number {
    return this.#paced.backlog;
  }

  write(events: string): void | Promise<void> {
    if (this.#open) return this.#paced.write(events);
  }

  end(): void {
    if (!this.#open) return;
    this.#close();
    this.#exchange.response.end();
    dropStalled(this.#gateway, this.#exchange);
  }

  cut(): void {
    this.#close();
    this.#exchange.response.destroy();
  }

  #close(): void {
    this.#open = false;
    if (this.#keepAlive !== null) clearInterval(this.#keepAlive);
    this.#paced.stop();
  }

  #comment(): void {
    if (this.backlog === 0) this.#exchange.response.write(': keep-alive\n\n');
  }
}
