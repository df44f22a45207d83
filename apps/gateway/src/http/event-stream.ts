import type { Gateway } from '../gateway.js';
import type { Exchange } from './exchange.js';
import type { EventWriter } from './message-event.js';
import { commonHeaders, dropStalled } from './send.js';

/** An answer that is a stream of events, kept alive by comments, written no faster than its reader reads. */
export class EventStream implements EventWriter {
  readonly #exchange: Exchange;
  readonly #gateway: Gateway;
  readonly #keepAlive: NodeJS.Timeout | null;
  #slow: NodeJS.Timeout | null = null;
  #drained: Promise<void> | null = null;
  #open = true;

  /** Sends the head. `onClose` hears once that nobody reads any more, whoever ended it. */
  constructor(gateway: Gateway, exchange: Exchange, headers: readonly string[], onClose: () => void) {
    this.#gateway = gateway;
    this.#exchange = exchange;
    const { request, response } = exchange;
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
    // After an answer on a connection that is being closed the socket would idle until the client leaves it.
    response.once('finish', () => {
      if (gateway.state.draining) request.socket.end();
    });
  }

  get open(): boolean {
    return this.#open;
  }

  get backlog(): number {
    return this.#exchange.response.writableLength;
  }

  write(events: string): void | Promise<void> {
    if (!this.#open) return;
    const { response } = this.#exchange;
    if (response.write(events)) return;
    this.#watch();
    this.#drained ??= new Promise((resolve) => {
      const done = () => {
        response.off('drain', done);
        response.off('close', done);
        this.#drained = null;
        if (this.#slow !== null) clearTimeout(this.#slow);
        this.#slow = null;
        resolve();
      };
      response.on('drain', done);
      response.on('close', done);
    });
    return this.#drained;
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
    if (this.#slow !== null) clearTimeout(this.#slow);
    this.#slow = null;
  }

  #comment(): void {
    if (this.backlog === 0) this.#exchange.response.write(': keep-alive\n\n');
  }

  /** Bytes that have left for the reader. */
  get #taken(): number {
    const { socket } = this.#exchange.request;
    return socket.bytesWritten - socket.writableLength;
  }

  /** Gives a reader that is behind its time to catch up. */
  #watch(): void {
    if (this.#slow !== null || !this.#open) return;
    const { config, logger } = this.#gateway;
    const { maxStreamBacklog, slowClientTimeout } = config.mcp;
    const before = this.#taken;
    this.#slow = setTimeout(() => {
      this.#slow = null;
      const { backlog } = this;
      if (backlog === 0) return;
      if (backlog <= maxStreamBacklog && this.#taken > before) {
        this.#watch();
        return;
      }
      logger.info({ requestId: this.#exchange.requestId, backlog }, 'a client was too slow for its stream and was cut');
      this.cut();
    }, slowClientTimeout);
    this.#slow.unref();
  }
}
