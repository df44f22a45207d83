import { Migration } from '@mikro-orm/migrations';

/**
 * How upstreams are reached beside streamable HTTP, limits of single tokens, and two lists about syncs: the upstreams
 * that said their catalogue changed, and when each was last read. These are no configuration: no change is recorded.
 */
export class M0005Transports extends Migration {
  override up(): void {
    this.addSql(`
alter table "upstreams"
  alter column "url" drop not null,
  add column "transport" text not null default 'STREAMABLE_HTTP',
  add column "command" varchar(100) null,
  add column "shared" boolean not null default false,
  add column "connect_timeout_ms" int null,
  add column "headers_timeout_ms" int null,
  add column "request_timeout_ms" int null,
  add column "max_request_ms" int null,
  add column "headers" text not null default '{}',
  add column "forwarded_headers" text not null default '[]';
alter table "upstreams" add constraint "upstreams_transport_check" check ("transport" in ('STREAMABLE_HTTP', 'SSE', 'STDIO'));
alter table "upstreams" add constraint "upstreams_transport_address" check ((transport = 'STDIO') = (command is not null) and (transport = 'STDIO') = (url is null));

alter table "api_tokens"
  add column "rate_limit_per_minute" int null,
  add column "rate_limit_burst" int null;
alter table "api_tokens" add constraint "api_tokens_rate_limit" check ((rate_limit_per_minute is null) = (rate_limit_burst is null));

create table "catalog_sync_requests" (
  "upstream_id" uuid not null,
  "organization_id" uuid not null,
  "requested_at" timestamptz(3) not null default now(),
  primary key ("upstream_id")
);
create index "catalog_sync_requests_organization_id_index" on "catalog_sync_requests" ("organization_id");
create index "catalog_sync_requests_requested_at_index" on "catalog_sync_requests" ("requested_at");
alter table "catalog_sync_requests" add constraint "catalog_sync_requests_upstream_id_foreign" foreign key ("upstream_id") references "upstreams" ("id") on update cascade on delete cascade;

create table "catalog_sync_starts" (
  "upstream_id" uuid not null,
  "organization_id" uuid not null,
  "started_at" timestamptz(3) not null,
  primary key ("upstream_id")
);
create index "catalog_sync_starts_organization_id_index" on "catalog_sync_starts" ("organization_id");
alter table "catalog_sync_starts" add constraint "catalog_sync_starts_upstream_id_foreign" foreign key ("upstream_id") references "upstreams" ("id") on update cascade on delete cascade;
`);
    for (const table of ['catalog_sync_requests', 'catalog_sync_starts']) {
      this.addSql(`
alter table ${table} enable row level security;
grant select on ${table} to gatehouse_app;
create policy ${table}_tenant on ${table} to gatehouse_app using (organization_id = nullif(current_setting('gatehouse.organization', true), '')::uuid) with check (organization_id = nullif(current_setting('gatehouse.organization', true), '')::uuid);
grant select, insert, update, delete on ${table} to gatehouse_system;
create policy ${table}_system on ${table} to gatehouse_system using (true) with check (true);
`);
    }
  }
}
