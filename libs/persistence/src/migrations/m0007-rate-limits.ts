import { Migration } from '@mikro-orm/migrations';

/**
 * The token buckets of rate limits; a missing one is full. Unlogged: a busy bucket is written many times a second, and
 * what it says is worth nothing a minute later. A crash of the database, or a fail-over, empties the table: every bucket
 * is full again, once. Numbers are milliseconds since the epoch; nothing indexed changes, so updates stay in their page.
 */
export class M0007RateLimits extends Migration {
  override up(): void {
    this.addSql(`
create unlogged table rate_limit_buckets (
  key varchar(200) primary key,
  organization_id uuid not null,
  tokens double precision not null,
  fresh double precision not null,
  stale double precision not null,
  epoch bigint not null,
  granted double precision not null,
  updated_ms bigint not null,
  full_ms bigint not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
comment on column rate_limit_buckets.fresh is 'tokens out on lease, granted in the epoch of the row';
comment on column rate_limit_buckets.stale is 'tokens out on lease, granted in the epoch before';
comment on column rate_limit_buckets.full_ms is 'from then on the bucket is full and nothing is out: the row can go';

alter table rate_limit_buckets enable row level security;
grant select on rate_limit_buckets to gatehouse_app;
create policy rate_limit_buckets_tenant on rate_limit_buckets to gatehouse_app using (organization_id = nullif(current_setting('gatehouse.organization', true), '')::uuid) with check (organization_id = nullif(current_setting('gatehouse.organization', true), '')::uuid);
grant select, insert, update, delete on rate_limit_buckets to gatehouse_system;
create policy rate_limit_buckets_system on rate_limit_buckets to gatehouse_system using (true) with check (true);
`);
  }
}
