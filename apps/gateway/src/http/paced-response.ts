import type { Gateway } from '../gateway.js';
import type { Exchange } from './exchange.js';

/** Writes to a client no faster than it reads, and cuts one off that is too slow for what waits for it. */
export class PacedResponse {
  readonly #exchange: Exchange;
  readonly #gateway: Gateway;
  #slow: NodeJS.Timeout | null = null;
  #drained: Promise<void> | null = null;

  constructor(gateway: Gateway, exchange: Exchange) {
    this.#gateway = gateway;
    this.#exchange = exchange;
  }

  /** Bytes that the client has not taken. */
  get backlog(): number {
    return this.#exchange.response.writableLength;
  }

  /** A promise resolves when the client can take more, or has gone; it never rejects. */
  write(part: string | Buffer): void | Promise<void> {
    const { response } = this.#exchange;
    if (response.write(part)) return;
    this.#watch();
    this.#drained ??= new Promise((resolve) => {
      const done = () => {
        response.off('drain', done);
        response.off('close', done);
        this.#drained = null;
        this.stop();
        resolve();
      };
      response.on('drain', done);
      response.on('close', done);
    });
    return this.#drained;
  }

  /** Looks after nothing any more. */
  stop(): void {
    if (this.#slow !== null) clearTimeout(this.#slow);
    this.#slow = null;
  }

  /** Bytes that have left for the client. */
  get #taken(): number {
    const { socket } = this.#exchange.request;
    return socket.bytesWritten - socket.writableLength;
  }

  /** Gives a client that is behind its time to catch up. */
  #watch(): void {
    if (this.#slow !== null || this.#exchange.response.destroyed) return;
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
      const { requestId, response } = this.#exchange;
      logger.info({ requestId, backlog }, 'a client was too slow for its answer and was cut');
      response.destroy();
    }, slowClientTimeout);
    this.#slow.unref();
  }
}
