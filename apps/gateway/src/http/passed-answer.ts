import type { Gateway } from '../gateway.js';
import type { AnswerSink } from '../relay/client-port.js';
import type { Exchange } from './exchange.js';
import { PacedResponse } from './paced-response.js';
import { closeWhenDraining, commonHeaders, dropStalled } from './send.js';

/**
 * One JSON answer that goes out as it comes. Its head goes with its first byte: until then it can still be another one.
 */
export class PassedAnswer implements AnswerSink {
  readonly #paced: PacedResponse;
  #hasBegun = false;

  constructor(
    private readonly gateway: Gateway,
    private readonly exchange: Exchange,
  ) {
    this.#paced = new PacedResponse(gateway, exchange);
  }

  /** Whether anything was sent. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  write(chunk: Buffer): void | Promise<void> {
    const { gateway, exchange } = this;
    const { response } = exchange;
    // Whoever has gone without cancelling holds nobody up.
    if (response.destroyed) return;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      response.writeHead(200, [...commonHeaders(gateway, exchange), 'content-type', 'application/json']);
      closeWhenDraining(gateway, exchange);
    }
    return this.#paced.write(chunk);
  }

  end(): void {
    this.#paced.stop();
    this.exchange.response.end();
    dropStalled(this.gateway, this.exchange);
  }

  cut(): void {
    this.#paced.stop();
    if (this.#hasBegun) this.exchange.response.destroy();
  }
}
