import DataLoader from 'dataloader';
import type { CallContext } from '#kernel';

/** A data loader that a noun brings along for what is no row of its own: one per request, gone with it. */
export class RequestLoader<K, V> {
  private readonly loaders = new WeakMap<CallContext, DataLoader<K, V, unknown>>();

  /** @param load answers one value for each key, in their order */
  constructor(
    private readonly load: (ctx: CallContext, keys: readonly K[]) => Promise<V[]>,
    private readonly keyOf: (key: K) => unknown = (key) => key,
  ) {}

  /** Reads one value, together with the others that this request asks for. */
  find(ctx: CallContext, key: K): Promise<V> {
    const known = this.loaders.get(ctx);
    if (known) return known.load(key);
    const made = new DataLoader<K, V, unknown>((keys) => this.load(ctx, keys), {
      cacheKeyFn: this.keyOf,
      maxBatchSize: 500,
    });
    this.loaders.set(ctx, made);
    return made.load(key);
  }
}
