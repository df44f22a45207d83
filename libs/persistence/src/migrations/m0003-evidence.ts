import { Migration } from '@mikro-orm/migrations';

/**
 * Audit chains (partitioned by month, ADR 0005), configuration changes with their trigger (ARCHITECTURE.md §3a)
 * and facts about this installation. These tables are made by hand: the schema generator does not manage them.
 */
export class M0003Evidence extends Migration {
  override up(): void {
    this.addSql(`
create table audit_events (
  id uuid not null,
  organization_id uuid not null,
  writer varchar(100) not null,
  epoch uuid not null,
  sequence bigint not null,
  occurred_at timestamptz(3) not null,
  action varchar(100) not null,
  outcome text not null check (outcome in ('ALLOWED', 'DENIED', 'FAILED')),
  reason varchar(100) null,
  actor_kind text not null check (actor_kind in ('user', 'system', 'anonymous')),
  actor_user_id uuid null,
  actor_token_id uuid null,
  subject_type varchar(50) null,
  subject_id varchar(500) null,
  request_id varchar(100) not null,
  ip varchar(64) null,
  duration_ms double precision null,
  details text not null,
  body text null,
  body_digest varchar(64) null,
  previous_hash varchar(64) not null,
  hash varchar(64) not null,
  primary key (occurred_at, id)
) partition by range (occurred_at);
create table audit_events_default partition of audit_events default;
create index audit_events_by_organization on audit_events (organization_id, occurred_at, id);
create index audit_events_by_id on audit_events (organization_id, id);
create index audit_events_by_chain on audit_events (organization_id, writer, epoch, sequence);

create table audit_chain_heads (
  organization_id uuid not null,
  writer varchar(100) not null,
  epoch uuid not null,
  sequence bigint not null,
  hash varchar(64) not null,
  updated_at timestamptz(3) not null default now(),
  primary key (organization_id, writer, epoch)
);

create table audit_checkpoints (
  id uuid primary key,
  organization_id uuid not null,
  created_at timestamptz(3) not null,
  heads text not null,
  purged_before timestamptz(3) null,
  key_id varchar(64) not null,
  signature text not null
);
create index audit_checkpoints_recent on audit_checkpoints (organization_id, created_at);

create function gatehouse_ensure_audit_partitions(months_ahead int) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  first_day date;
  partition_name text;
begin
  for i in 0..months_ahead loop
    first_day := (date_trunc('month', now() at time zone 'UTC') + make_interval(months => i))::date;
    partition_name := 'audit_events_' || to_char(first_day, 'YYYYMM');
    if to_regclass('public.' || partition_name) is null then
      begin
        execute format('create table public.%I partition of public.audit_events for values from (%L) to (%L)',
          partition_name, first_day::text || ' 00:00:00+00', (first_day + interval '1 month')::date::text || ' 00:00:00+00');
      exception
        -- another process made it first, or the default partition already holds rows of that month
        when duplicate_table or check_violation then null;
      end;
    end if;
  end loop;
end $$;

create function gatehouse_expired_audit_partitions(older_than timestamptz) returns table (partition_name text, ends_at timestamptz)
language sql stable security definer set search_path = pg_catalog, public as $$
  select c.relname::text, (to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month') at time zone 'UTC'
  from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'public.audit_events'::regclass and c.relname ~ '^audit_events_[0-9]{6}$'
    and (to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month') at time zone 'UTC' <= older_than
  order by 1
$$;

create function gatehouse_drop_audit_partition(name text) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  if name !~ '^audit_events_[0-9]{6}$' then
    raise exception 'not an audit partition: %', name;
  end if;
  if (to_date(right(name, 6), 'YYYYMM') + interval '1 month') at time zone 'UTC' > now() then
    raise exception 'the month of % is not over', name;
  end if;
  execute format('drop table public.%I', name);
end $$;

create table config_changes (
  revision bigserial primary key,
  organization_id uuid not null,
  kind varchar(50) not null,
  entity_id uuid not null,
  created_at timestamptz(3) not null default clock_timestamp()
);

create function gatehouse_record_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  changed record;
begin
  if tg_op = 'DELETE' then
    changed := old;
  else
    changed := new;
    if tg_op = 'UPDATE' and old is not distinct from new then
      return null;
    end if;
  end if;
  -- Deferred to the end of the transaction, so the lock is held from here to the commit only: revisions commit in order.
  perform pg_advisory_xact_lock(1195463936, 1);
  insert into public.config_changes (organization_id, kind, entity_id) values (changed.organization_id, tg_table_name, changed.id);
  perform pg_notify('gatehouse_changes', '');
  return null;
end $$;

create table instance_settings (
  key varchar(100) primary key,
  value text not null
);
`);
    for (const table of catalogTables) {
      this.addSql(
        `create constraint trigger ${table}_change after insert or update or delete on ${table} deferrable initially deferred for each row execute function gatehouse_record_change()`,
      );
    }
    this.addSql('select gatehouse_ensure_audit_partitions(2)');
  }
}

/** Tables whose rows reach the gateways: each change of a row is recorded at commit. */
const catalogTables = [
  'organizations',
  'users',
  'teams',
  'memberships',
  'role_bindings',
  'upstreams',
  'tools',
  'resources',
  'resource_templates',
  'prompts',
  'virtual_servers',
  'virtual_server_entries',
  'api_tokens',
];
