import type { RateLimit } from '#contracts';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BucketAnswer, BucketAsk } from '../../libs/counters/src/bucket-store.js';
import { LeasedRateLimits } from '../../libs/counters/src/leased-rate-limits.js';
import type { LimitVerdict } from '../../libs/counters/src/rate-limits.js';
import { ModelBuckets } from './model-buckets.js';

interface Flight {
  readonly asks: readonly BucketAsk[];
  answers: BucketAnswer[] | null;
  readonly resolve: (answers: BucketAnswer[]) => void;
  readonly reject: (error: Error) => void;
}

const key = 'one-token';
const organizationId = '00000000-0000-7000-8000-000000000001';

/** Several processes on one model store, with a clock and a network that the test moves by hand. */
export class Simulation {
  now = 1_000_000;
  /** When each accepted call went on. */
  readonly accepted: number[] = [];
  refused = 0;
  readonly #store = new ModelBuckets();
  readonly #processes: { limits: LeasedRateLimits; flights: Flight[] }[] = [];

  constructor(
    processes: number,
    public limit: RateLimit,
  ) {
    for (let index = 0; index < processes; index += 1) this.crash(index);
  }

  #process(index: number) {
    const process = this.#processes[index];
    if (!process) throw new Error(`no process ${index}`);
    return process;
  }

  take(index: number, cost = 1): void {
    const { limits } = this.#process(index);
    const count = (verdict: LimitVerdict) => {
      if (this.#process(index).limits !== limits) return;
      if (verdict === true) for (let i = 0; i < cost; i += 1) this.accepted.push(this.now);
      else this.refused += 1;
    };
    const verdict = limits.take(key, organizationId, this.limit, cost);
    if (verdict instanceof Promise) void verdict.then(count);
    else count(verdict);
  }

  beat(index: number): void {
    this.#process(index).limits.beat();
  }

  /** The store hears what the process has sent. */
  arrive(index: number): void {
    const flight = this.#process(index).flights.find(({ answers }) => answers === null);
    if (flight) flight.answers = this.#store.exchange(flight.asks, this.now);
  }

  /** The process hears what the store has answered. */
  async answer(index: number): Promise<void> {
    const { flights } = this.#process(index);
    const [flight] = flights;
    if (!flight?.answers) return;
    flights.shift();
    flight.resolve(flight.answers);
    await nextTurn();
  }

  /** The exchange under way ends without an answer, whether the store heard of it or not. */
  async fail(index: number): Promise<void> {
    this.#process(index).flights.shift()?.reject(new Error('lost'));
    await nextTurn();
  }

  /** The process is gone with all its leases, and a new one takes its place. */
  crash(index: number): void {
    const flights: Flight[] = [];
    const exchange = (asks: readonly BucketAsk[]) =>
      new Promise<BucketAnswer[]>((resolve, reject) => {
        flights.push({ asks, answers: null, resolve, reject });
      });
    const limits = new LeasedRateLimits({
      store: { exchange, sweep: () => Promise.resolve(), close: () => Promise.resolve() },
      // No two machines agree on what the time is.
      clock: () => this.now - 10_000 * index,
      onStoreDown: 'deny',
      maxKeys: 10,
      defer: (work) => work(),
    });
    this.#processes[index] = { limits, flights };
  }

  /** How many tokens too many were given in the worst window, of whatever length: a bucket that runs beside. */
  get excess(): number {
    const { burst, perMinute } = this.limit;
    let level = burst;
    let at = this.accepted[0] ?? this.now;
    let worst = 0;
    for (const time of this.accepted) {
      level = Math.min(burst, level + ((time - at) * perMinute) / 60_000) - 1;
      at = time;
      worst = Math.max(worst, -level);
    }
    // Rounding of a sum of many fractions.
    return worst < 1e-6 ? 0 : worst;
  }
}
