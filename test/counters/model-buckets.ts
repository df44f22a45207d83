import { epochMs, type BucketAsk, type BucketAnswer } from '../../libs/counters/src/bucket-store.js';

interface Row {
  tokens: number;
  fresh: number;
  stale: number;
  epoch: number;
  at: number;
}

/** The rule of `BucketStore` in plain words: what both stores must do, and what simulations run against. */
export class ModelBuckets {
  readonly rows = new Map<string, Row>();

  exchange(asks: readonly BucketAsk[], at: number): BucketAnswer[] {
    return asks.map((ask) => this.#one(ask, at));
  }

  #one({ key, rate, burst, need, ahead, settled }: BucketAsk, at: number): BucketAnswer {
    const row = this.rows.get(key) ?? { tokens: burst, fresh: 0, stale: 0, epoch: Math.floor(at / epochMs), at };
    // A clock that was set back may not stop the refill for long.
    const now = Math.max(at, Math.min(row.at, at + 2 * epochMs));
    const epoch = Math.floor(now / epochMs);

    const voidAt = Math.max((row.epoch + 2) * epochMs, row.at);
    const room = Math.max(0, burst - row.fresh - row.stale);
    let tokens = Math.min(row.tokens + rate * Math.max(0, Math.min(now, voidAt) - row.at), room);
    tokens = Math.min(burst, tokens + rate * Math.max(0, now - voidAt));

    let { fresh, stale } = row;
    if (epoch === row.epoch + 1) [fresh, stale] = [0, fresh];
    else if (epoch > row.epoch) [fresh, stale] = [0, 0];

    const settle = (out: number, of: number): number => {
      const told = settled.filter((one) => one.epoch === of);
      const done = Math.min(
        out,
        told.reduce((sum, one) => sum + one.done, 0),
      );
      const unused = told.reduce((sum, one) => sum + one.unused, 0);
      tokens += Math.min(done, unused);
      return out - done;
    };
    fresh = settle(fresh, epoch);
    stale = settle(stale, epoch - 1);
    // The burst may have become smaller.
    tokens = Math.min(tokens, Math.max(0, burst - fresh - stale));

    let granted = Math.min(need, Math.floor(tokens));
    const share = Math.floor((tokens - granted) / 4);
    granted += Math.max(0, Math.min(ahead, share, Math.max(1, Math.floor(burst / 40))));
    tokens -= granted;
    fresh += granted;
    this.rows.set(key, { tokens, fresh, stale, epoch, at: now });
    return {
      granted,
      epoch,
      validForMs: (epoch + 2) * epochMs - now,
      retryAfterMs: need > granted ? Math.max(1, Math.ceil((1 - tokens) / rate)) : 0,
    };
  }
}
