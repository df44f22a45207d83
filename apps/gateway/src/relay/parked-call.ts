import type { InputRequest, RequestOutcome, UpstreamResponse } from '#mcp';
import { newId } from '#kernel';
import type { RunningCall } from '../pipeline/running-calls.js';
import type { Relay } from './relay.js';

interface Pending {
  readonly request: InputRequest;
  readonly settle: (outcome: RequestOutcome) => void;
}

/** How a round of a call ended: with the upstream's answer, or with questions of it. */
export type Round = { readonly reply: UpstreamResponse } | { readonly asked: readonly InputRequest[] };

/** A call of a modern client whose legacy upstream may ask it something; it goes on while nobody waits for it. */
export class ParkedCall {
  readonly id = newId();
  /** What the client must bring back; another one after every round, so nothing can be answered twice. */
  round = '';
  /** Whether a request of the client waits for it now. */
  attended = true;
  expiry: NodeJS.Timeout | null = null;
  readonly #pending = new Map<string, Pending>();
  readonly #done: Promise<UpstreamResponse>;
  #tellAsked: (() => void) | null = null;
  #count = 0;

  constructor(
    readonly relay: Relay,
    readonly run: RunningCall,
    params: Parameters<Relay['send']>[0],
  ) {
    relay.park = (request) => this.#ask(request);
    // The upstream is told that the call is cancelled; its questions need no answer any more.
    run.signal.addEventListener('abort', () => this.#pending.clear(), { once: true });
    this.#done = relay.send(params);
    // Nobody may be waiting when it fails; whoever comes back hears of it then.
    this.#done.catch(() => undefined);
  }

  /** Waits for the answer or for questions, whichever comes first. Rejects as `Relay.send` does. */
  async next(): Promise<Round> {
    const asked =
      this.#pending.size > 0 ? Promise.resolve() : new Promise<void>((resolve) => (this.#tellAsked = resolve));
    const reply = await Promise.race([this.#done, asked]);
    this.#tellAsked = null;
    return reply === undefined ? { asked: [...this.#pending.values()].map(({ request }) => request) } : { reply };
  }

  /** Gives the upstream the client's answers; questions without one stay open. */
  take(answers: ReadonlyMap<string, string>): void {
    for (const [key, { settle }] of this.#pending) {
      const result = answers.get(key);
      if (result === undefined) continue;
      this.#pending.delete(key);
      settle({ result });
    }
  }

  #ask(request: Omit<InputRequest, 'key'>): Promise<RequestOutcome> {
    const key = `input-${++this.#count}`;
    return new Promise((resolve) => {
      this.#pending.set(key, { request: { ...request, key }, settle: resolve });
      const tell = this.#tellAsked;
      // Questions that come together are asked together.
      if (tell !== null) setImmediate(tell);
    });
  }
}
