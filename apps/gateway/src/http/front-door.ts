import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway } from '../gateway.js';
import { openExchange, type Exchange } from './exchange.js';
import { handleRequest } from './handle-request.js';

/** Takes every request from the first moment of the port on, and knows how many are under way. */
export class FrontDoor {
  #gateway: Gateway | null = null;
  #inFlight = 0;
  #waiting: (() => void)[] = [];

  /** Requests that have no answer yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** From here on requests are served; before, all that is said is that the process lives. */
  open(gateway: Gateway): void {
    this.#gateway = gateway;
  }

  readonly listener = (request: IncomingMessage, response: ServerResponse): void =>
    this.serve(openExchange(request, response));

  /** Serves a request, whichever way it came. */
  serve(exchange: Exchange): void {
    if (this.#gateway === null) {
      answerStarting(exchange.request, exchange.response);
      return;
    }
    this.#inFlight++;
    const served = handleRequest(this.#gateway, exchange);
    if (served === null) this.#served();
    else void served.then(this.#served, this.#served);
  }

  readonly #served = (): void => {
    this.#inFlight--;
    if (this.#inFlight === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  };

  /** Resolves when no request is under way. */
  idle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

function answerStarting(request: IncomingMessage, response: ServerResponse): void {
  const alive = request.url === '/healthz';
  response.writeHead(alive ? 200 : 503, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    connection: 'close',
    ...(alive ? {} : { 'retry-after': '1' }),
  });
  response.end(JSON.stringify(alive ? { status: 'alive' } : { status: 'unready', problem: 'starting' }));
}
