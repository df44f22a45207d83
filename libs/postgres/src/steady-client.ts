import { Client, type ClientConfig } from 'pg';

const ignore = (): void => undefined;

/**
 * A client class whose lost connection never ends the process. pg reports a loss to the query under way, and again as an
 * `error` event, which Node turns into a crash where nobody listens: before a pool has taken a new client in, and after
 * a library has let go of one with `removeAllListeners` (BullMQ does).
 */
export function steadyClient(Base: typeof Client): typeof Client {
  return class SteadyClient extends Base {
    constructor(config?: string | ClientConfig) {
      super(config);
      this.on('error', ignore);
    }

    // Without an event, node:events looks at the number of arguments, not at their values.
    override removeAllListeners(...events: [event?: string | symbol]): this {
      super.removeAllListeners(...events);
      return events[0] === undefined || events[0] === 'error' ? this.on('error', ignore) : this;
    }
  };
}
