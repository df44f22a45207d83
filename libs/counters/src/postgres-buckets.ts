import type { DatabasePool } from '#postgres';
import { answerOf, epochMs, type BucketAsk, type BucketStore } from './bucket-store.js';

const asks = `unnest($2::text[], $3::uuid[], $4::double precision[], $5::double precision[], $6::double precision[], $7::double precision[],
    $8::bigint[], $9::double precision[], $10::double precision[], $11::bigint[], $12::double precision[], $13::double precision[])
  as ask (key, organization_id, rate, burst, need, ahead, epoch_a, done_a, unused_a, epoch_b, done_b, unused_b)`;

/**
 * The time of the statement. Two statements that meet at one row may hold the older time, never a harmful one: a row's
 * own time does not go back, except after a clock was set back by more than two epochs.
 */
const clock = `(select coalesce($1::bigint, floor(extract(epoch from statement_timestamp()) * 1000)::bigint) as at) as clock`;

/** The row of the bucket of `ask` after its exchange (see BucketStore), from the row before. */
const exchanged = (before: string): string => `
  cross join ${clock}
  cross join lateral (${before} offset 0) as b (tokens, fresh, stale, epoch, at)
  cross join lateral (select greatest(clock.at, least(b.at, clock.at + ${2 * epochMs})) as now offset 0) as t
  cross join lateral (select t.now / ${epochMs} as epoch, greatest((b.epoch + 2) * ${epochMs}, b.at) as void_at offset 0) as e
  cross join lateral (select
    least(ask.burst,
      least(b.tokens + ask.rate * greatest(0, least(t.now, e.void_at) - b.at), greatest(0, ask.burst - b.fresh - b.stale))
      + ask.rate * greatest(0, t.now - e.void_at)) as tokens,
    case when e.epoch <= b.epoch then b.fresh else 0 end as fresh,
    case when e.epoch <= b.epoch then b.stale when e.epoch = b.epoch + 1 then b.fresh else 0 end as stale offset 0) as r
  cross join lateral (select
    least(r.fresh, case when ask.epoch_a = e.epoch then ask.done_a else 0 end + case when ask.epoch_b = e.epoch then ask.done_b else 0 end) as fresh,
    case when ask.epoch_a = e.epoch then ask.unused_a else 0 end + case when ask.epoch_b = e.epoch then ask.unused_b else 0 end as fresh_unused,
    least(r.stale, case when ask.epoch_a = e.epoch - 1 then ask.done_a else 0 end + case when ask.epoch_b = e.epoch - 1 then ask.done_b else 0 end) as stale,
    case when ask.epoch_a = e.epoch - 1 then ask.unused_a else 0 end + case when ask.epoch_b = e.epoch - 1 then ask.unused_b else 0 end as stale_unused offset 0) as done
  cross join lateral (select least(
    r.tokens + least(done.fresh, done.fresh_unused) + least(done.stale, done.stale_unused),
    greatest(0, ask.burst - (r.fresh - done.fresh) - (r.stale - done.stale))) as tokens offset 0) as s
  cross join lateral (select least(ask.need, floor(s.tokens)) as need offset 0) as n
  cross join lateral (select n.need + greatest(0, least(ask.ahead, floor((s.tokens - n.need) / 4), greatest(1, floor(ask.burst / 40)))) as granted offset 0) as g`;

const columns = 'tokens, fresh, stale, epoch, granted, updated_ms, full_ms';
const values = `s.tokens - g.granted, r.fresh - done.fresh + g.granted, r.stale - done.stale, e.epoch, g.granted, t.now,
  t.now + ceil((ask.burst - s.tokens + g.granted) / ask.rate) + ${2 * epochMs}`;

/** One statement for all asks. Rows are taken in the order of their keys, so that two processes cannot block each other. */
const exchange = `
insert into rate_limit_buckets as bucket (key, organization_id, ${columns})
select ask.key, ask.organization_id, ${values}
from ${asks} ${exchanged(`select ask.burst, 0::double precision, 0::double precision, clock.at / ${epochMs}, clock.at`)}
order by ask.key
on conflict (key) do update set (${columns}) = (
  select ${values}
  from ${asks} ${exchanged('select bucket.tokens, bucket.fresh, bucket.stale, bucket.epoch, bucket.updated_ms')}
  where ask.key = excluded.key)
returning key, tokens, epoch, granted, updated_ms`;

/** A deleted bucket is a full one; nobody waits for a row that somebody uses. */
const sweep = `
delete from rate_limit_buckets where key in (
  select key from rate_limit_buckets
  where full_ms < floor(extract(epoch from statement_timestamp()) * 1000) order by key limit 1000 for update skip locked)`;

interface BucketRow {
  readonly key: string;
  readonly tokens: number;
  readonly epoch: string;
  readonly granted: number;
  readonly updated_ms: string;
}

/** Buckets as rows of `rate_limit_buckets`. The pool becomes the store's own. */
export function postgresBuckets(pool: Pick<DatabasePool, 'query' | 'end'>): BucketStore {
  return {
    exchange: async (given, at) => {
      const column = <T>(read: (ask: BucketAsk) => T): T[] => given.map(read);
      const values = [
        at ?? null,
        column(({ key }) => key),
        column(({ organizationId }) => organizationId),
        column(({ rate }) => rate),
        column(({ burst }) => burst),
        column(({ need }) => need),
        column(({ ahead }) => ahead),
        ...[0, 1].flatMap((slot) => [
          column(({ settled }) => settled[slot]?.epoch ?? 0),
          column(({ settled }) => settled[slot]?.done ?? 0),
          column(({ settled }) => settled[slot]?.unused ?? 0),
        ]),
      ];
      const rows = await pool.query<BucketRow>(exchange, values, 'exchange-leases');
      const byKey = new Map(rows.map((row) => [row.key, row]));
      return given.map((ask) => {
        const row = byKey.get(ask.key);
        if (!row) throw new Error('the database left a bucket out');
        const { tokens, granted } = row;
        return answerOf(ask, { tokens, granted, epoch: Number(row.epoch), updatedMs: Number(row.updated_ms) });
      });
    },
    sweep: async () => {
      await pool.query(sweep);
    },
    close: () => pool.end(),
  };
}
