import type { CallOutcome } from './call-outcome.js';

interface Durations {
  /** Calls per bucket; the last one takes what is longer than every bound. */
  readonly buckets: number[];
  count: number;
  sum: number;
}

type ByMethod = Map<string, { readonly durations: Durations; readonly byService: Map<string, number> }>;

/** One line of the exposition; `metricName` where it differs from the metric's own. */
interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

/** What a prom-client registry takes for a metric. */
interface OwnMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'histogram';
  readonly aggregator: 'sum';
  get(): Promise<object>;
}

/**
 * Counts calls and their durations. Every call passes here, and prom-client sorts, joins and looks up its labels each
 * time it is told something: this keeps one tally per combination and makes samples of it when somebody scrapes.
 */
export class CallTally {
  readonly #tallies = new Map<CallOutcome, ByMethod>();

  constructor(private readonly bounds: readonly number[]) {}

  /** Label values must be bounded already. */
  add(service: string, method: string, outcome: CallOutcome, seconds: number): void {
    let byMethod = this.#tallies.get(outcome);
    if (byMethod === undefined) this.#tallies.set(outcome, (byMethod = new Map()));
    let tally = byMethod.get(method);
    if (tally === undefined) {
      const durations = { buckets: this.bounds.map(() => 0), count: 0, sum: 0 };
      byMethod.set(method, (tally = { durations, byService: new Map() }));
    }
    tally.byService.set(service, (tally.byService.get(service) ?? 0) + 1);
    const { durations } = tally;
    durations.count += 1;
    durations.sum += seconds;
    const { bounds } = this;
    let at = 0;
    while (at < bounds.length && seconds > (bounds[at] ?? Infinity)) at += 1;
    if (at < bounds.length) durations.buckets[at] = (durations.buckets[at] ?? 0) + 1;
  }

  /** The number of calls by service, method and outcome. */
  counter(name: string, help: string): OwnMetric {
    return ownMetric(name, help, 'counter', () =>
      this.#each((labels, { byService }) =>
        [...byService].map(([service, value]) => ({ labels: { ...labels, service }, value })),
      ),
    );
  }

  /** The durations by method and outcome. */
  histogram(name: string, help: string): OwnMetric {
    return ownMetric(name, help, 'histogram', () =>
      this.#each((labels, { durations: { buckets, count, sum } }) => {
        let below = 0;
        const bucket = (le: number | '+Inf', value: number): Sample => ({
          labels: { le, ...labels },
          value,
          metricName: `${name}_bucket`,
        });
        return [
          ...this.bounds.map((le, at) => bucket(le, (below += buckets[at] ?? 0))),
          bucket('+Inf', count),
          { labels, value: sum, metricName: `${name}_sum` },
          { labels, value: count, metricName: `${name}_count` },
        ];
      }),
    );
  }

  #each(
    samplesOf: (
      labels: { method: string; outcome: CallOutcome },
      tally: NonNullable<ReturnType<ByMethod['get']>>,
    ) => Sample[],
  ): Sample[] {
    return [...this.#tallies].flatMap(([outcome, byMethod]) =>
      [...byMethod].flatMap(([method, tally]) => samplesOf({ method, outcome }, tally)),
    );
  }
}

const ownMetric = (name: string, help: string, type: OwnMetric['type'], samples: () => Sample[]): OwnMetric => ({
  name,
  help,
  type,
  aggregator: 'sum',
  get: () => Promise.resolve({ name, help, type, aggregator: 'sum', values: samples() }),
});
