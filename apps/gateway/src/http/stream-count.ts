import type { Metrics } from '#observability';

/** Counts the event streams that are open to clients. */
export class StreamCount {
  #open = 0;

  constructor(private readonly metrics: Pick<Metrics, 'clientStreams'>) {}

  get open(): number {
    return this.#open;
  }

  opened(): void {
    this.metrics.clientStreams(++this.#open);
  }

  closed(): void {
    this.metrics.clientStreams(--this.#open);
  }
}
