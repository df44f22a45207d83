import { Migration } from '@mikro-orm/migrations';

/** The tables of the catalogue, of people and of jobs, with their constraints. */
export class M0001Tables extends Migration {
  override up(): void {
    this.addSql(`
create table "organizations" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "slug" varchar(32) not null,
  "name" varchar(200) not null,
  "created_at" timestamptz(3) not null,
  "updated_at" timestamptz(3) not null,
  primary key ("id")
);
alter table "organizations" add constraint "organizations_slug_unique" unique ("slug");
alter table "organizations" add constraint "organizations_own_id" check (id = organization_id);

create table "audit_exports" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "state" text not null,
  "filter" text not null,
  "file_name" varchar(200) null,
  "cursor" text null,
  "records" bigint not null,
  "bytes" bigint not null,
  "sha256" varchar(64) null,
  "code" varchar(100) null,
  "message" text null,
  "requested_by" uuid null,
  "created_at" timestamptz(3) not null,
  "finished_at" timestamptz(3) null,
  primary key ("id")
);
create index "audit_exports_organization_id_index" on "audit_exports" ("organization_id");
alter table "audit_exports" add constraint "audit_exports_state_check" check ("state" in ('PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED'));

create table "setup_links" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "token_hash" varchar(64) not null,
  "expires_at" timestamptz(3) not null,
  "used_at" timestamptz(3) null,
  "created_at" timestamptz(3) not null,
  primary key ("id")
);
create index "setup_links_organization_id_index" on "setup_links" ("organization_id");
alter table "setup_links" add constraint "setup_links_token_hash_unique" unique ("token_hash");

create table "teams" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "slug" varchar(32) not null,
  "name" varchar(200) not null,
  "description" varchar(2000) not null,
  "created_at" timestamptz(3) not null,
  "updated_at" timestamptz(3) not null,
  primary key ("id")
);
create index "teams_organization_id_index" on "teams" ("organization_id");
alter table "teams" add constraint "teams_slug_unique" unique ("organization_id", "slug");

create table "users" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "email" varchar(254) not null,
  "display_name" varchar(200) not null,
  "password_hash" text null,
  "status" text not null,
  "created_at" timestamptz(3) not null,
  "updated_at" timestamptz(3) not null,
  primary key ("id")
);
create index "users_organization_id_index" on "users" ("organization_id");
alter table "users" add constraint "users_email_unique" unique ("organization_id", "email");
alter table "users" add constraint "users_status_check" check ("status" in ('ACTIVE', 'DISABLED'));

create table "upstreams" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "slug" varchar(32) not null,
  "name" varchar(200) not null,
  "description" varchar(2000) not null,
  "url" varchar(2000) not null,
  "visibility" text not null,
  "owner_id" uuid not null,
  "team_id" uuid null,
  "enabled" boolean not null,
  "auth_header" varchar(100) null,
  "auth_secret" text null,
  "era" text null,
  "protocol_version" varchar(20) null,
  "server_info" text null,
  "capabilities" text null,
  "instructions" text null,
  "health" text not null,
  "health_code" varchar(100) null,
  "health_changed_at" timestamptz(3) null,
  "created_at" timestamptz(3) not null,
  "updated_at" timestamptz(3) not null,
  primary key ("id")
);
create index "upstreams_organization_id_index" on "upstreams" ("organization_id");
create index "upstreams_owner_id_index" on "upstreams" ("owner_id");
create index "upstreams_team_id_index" on "upstreams" ("team_id");
alter table "upstreams" add constraint "upstreams_slug_unique" unique ("organization_id", "slug");
alter table "upstreams" add constraint "upstreams_team_visibility" check (visibility <> 'TEAM' or team_id is not null);
alter table "upstreams" add constraint "upstreams_visibility_check" check ("visibility" in ('PRIVATE', 'TEAM', 'ORGANIZATION'));
alter table "upstreams" add constraint "upstreams_era_check" check ("era" in ('LEGACY', 'MODERN'));
alter table "upstreams" add constraint "upstreams_health_check" check ("health" in ('UNKNOWN', 'HEALTHY', 'UNHEALTHY'));

create table "upstream_operations" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "upstream_id" uuid not null,
  "kind" text not null,
  "state" text not null,
  "code" varchar(100) null,
  "message" text null,
  "result" text null,
  "requested_by" uuid null,
  "request_id" varchar(100) not null,
  "created_at" timestamptz(3) not null,
  "finished_at" timestamptz(3) null,
  primary key ("id")
);
create index "upstream_operations_organization_id_index" on "upstream_operations" ("organization_id");
create index "upstream_operations_upstream_id_index" on "upstream_operations" ("upstream_id");
alter table "upstream_operations" add constraint "upstream_operations_kind_check" check ("kind" in ('CHECK', 'SYNC'));
alter table "upstream_operations" add constraint "upstream_operations_state_check" check ("state" in ('PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED'));

create table "tools" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "upstream_id" uuid not null,
  "name" varchar(512) not null,
  "title" text null,
  "description" text null,
  "definition" text not null,
  "fingerprint" varchar(64) not null,
  "created_at" timestamptz(3) not null,
  "updated_at" timestamptz(3) not null,
  primary key ("id")
);
create index "tools_organization_id_index" on "tools" ("organization_id");
create index "tools_upstream_id_index" on "tools" ("upstream_id");
alter table "tools" add constraint "tools_key_unique" unique ("upstream_id", "name");

create table "resource_templates" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "upstream_id" uuid not null,
  "uri_template" varchar(2048) not null,
  "name" varchar(512) not null,
  "mime_type" varchar(255) null,
  "title" text null,
  "description" text null,
  "definition" text not null,
  "fingerprint" varchar(64) not null,
  "created_at" timestamptz(3) not null,
  "updated_at" timestamptz(3) not null,
  primary key ("id")
);
create index "resource_templates_organization_id_index" on "resource_templates" ("organization_id");
create index "resource_templates_upstream_id_index" on "resource_templates" ("upstream_id");
alter table "resource_templates" add constraint "resource_templates_key_unique" unique ("upstream_id", "uri_template");

create table "resources" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "upstream_id" uuid not null,
  "uri" varchar(2048) not null,
  "name" varchar(512) not null,
  "mime_type" varchar(255) null,
  "title" text null,
  "description" text null,
  "definition" text not null,
  "fingerprint" varchar(64) not null,
  "created_at" timestamptz(3) not null,
  "updated_at" timestamptz(3) not null,
  primary key ("id")
);
create index "resources_organization_id_index" on "resources" ("organization_id");
create index "resources_upstream_id_index" on "resources" ("upstream_id");
alter table "resources" add constraint "resources_key_unique" unique ("upstream_id", "uri");

create table "prompts" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "upstream_id" uuid not null,
  "name" varchar(512) not null,
  "title" text null,
  "description" text null,
  "definition" text not null,
  "fingerprint" varchar(64) not null,
  "created_at" timestamptz(3) not null,
  "updated_at" timestamptz(3) not null,
  primary key ("id")
);
create index "prompts_organization_id_index" on "prompts" ("organization_id");
create index "prompts_upstream_id_index" on "prompts" ("upstream_id");
alter table "prompts" add constraint "prompts_key_unique" unique ("upstream_id", "name");

create table "health_checks" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "upstream_id" uuid not null,
  "status" text not null,
  "code" varchar(100) null,
  "message" text null,
  "latency_ms" int not null,
  "checked_at" timestamptz(3) not null,
  primary key ("id")
);
create index "health_checks_organization_id_index" on "health_checks" ("organization_id");
create index "health_checks_recent" on "health_checks" ("upstream_id", "checked_at");
alter table "health_checks" add constraint "health_checks_status_check" check ("status" in ('HEALTHY', 'UNHEALTHY'));

create table "sessions" (
  "id" varchar(64) not null,
  "organization_id" uuid not null,
  "user_id" uuid not null,
  "data" text not null,
  "ip" varchar(64) null,
  "user_agent" varchar(500) null,
  "created_at" timestamptz(3) not null,
  "last_seen_at" timestamptz(3) not null,
  "expires_at" timestamptz(3) not null,
  primary key ("id")
);
create index "sessions_organization_id_index" on "sessions" ("organization_id");
create index "sessions_user_id_index" on "sessions" ("user_id");
create index "sessions_expires_at_index" on "sessions" ("expires_at");

create table "role_bindings" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "user_id" uuid not null,
  "role" text not null,
  "expires_at" timestamptz(3) null,
  "created_at" timestamptz(3) not null,
  primary key ("id")
);
create index "role_bindings_organization_id_index" on "role_bindings" ("organization_id");
create index "role_bindings_user_id_index" on "role_bindings" ("user_id");
alter table "role_bindings" add constraint "role_bindings_user_role_unique" unique ("user_id", "role");
alter table "role_bindings" add constraint "role_bindings_role_check" check ("role" in ('organization-owner', 'organization-admin', 'organization-auditor'));

create table "memberships" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "team_id" uuid not null,
  "user_id" uuid not null,
  "role" text not null,
  "created_at" timestamptz(3) not null,
  "updated_at" timestamptz(3) not null,
  primary key ("id")
);
create index "memberships_organization_id_index" on "memberships" ("organization_id");
create index "memberships_team_id_index" on "memberships" ("team_id");
create index "memberships_user_id_index" on "memberships" ("user_id");
alter table "memberships" add constraint "memberships_team_user_unique" unique ("team_id", "user_id");
alter table "memberships" add constraint "memberships_role_check" check ("role" in ('team-admin', 'team-developer', 'team-member'));

create table "virtual_servers" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "slug" varchar(32) not null,
  "name" varchar(200) not null,
  "description" varchar(2000) not null,
  "visibility" text not null,
  "owner_id" uuid not null,
  "team_id" uuid null,
  "enabled" boolean not null,
  "prefix_names" boolean not null,
  "instructions" text null,
  "created_at" timestamptz(3) not null,
  "updated_at" timestamptz(3) not null,
  primary key ("id")
);
create index "virtual_servers_organization_id_index" on "virtual_servers" ("organization_id");
create index "virtual_servers_owner_id_index" on "virtual_servers" ("owner_id");
create index "virtual_servers_team_id_index" on "virtual_servers" ("team_id");
alter table "virtual_servers" add constraint "virtual_servers_slug_unique" unique ("organization_id", "slug");
alter table "virtual_servers" add constraint "virtual_servers_team_visibility" check (visibility <> 'TEAM' or team_id is not null);
alter table "virtual_servers" add constraint "virtual_servers_visibility_check" check ("visibility" in ('PRIVATE', 'TEAM', 'ORGANIZATION'));

create table "api_tokens" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "user_id" uuid not null,
  "name" varchar(200) not null,
  "token_hash" varchar(64) not null,
  "hint" varchar(4) not null,
  "scopes" text[] not null,
  "virtual_server_id" uuid null,
  "expires_at" timestamptz(3) not null,
  "revoked_at" timestamptz(3) null,
  "created_at" timestamptz(3) not null,
  primary key ("id")
);
create index "api_tokens_organization_id_index" on "api_tokens" ("organization_id");
create index "api_tokens_user_id_index" on "api_tokens" ("user_id");
alter table "api_tokens" add constraint "api_tokens_token_hash_unique" unique ("token_hash");
create index "api_tokens_virtual_server_id_index" on "api_tokens" ("virtual_server_id");

create table "api_token_usages" (
  "token_id" uuid not null,
  "organization_id" uuid not null,
  "last_used_at" timestamptz(3) not null,
  "calls" bigint not null,
  primary key ("token_id")
);
create index "api_token_usages_organization_id_index" on "api_token_usages" ("organization_id");

create table "virtual_server_entries" (
  "id" uuid not null,
  "organization_id" uuid not null,
  "virtual_server_id" uuid not null,
  "kind" text not null,
  "tool_id" uuid null,
  "resource_id" uuid null,
  "resource_template_id" uuid null,
  "prompt_id" uuid null,
  "exposed_name" varchar(2200) not null,
  "name_override" varchar(128) null,
  "description_override" text null,
  "created_at" timestamptz(3) not null,
  primary key ("id")
);
create index "virtual_server_entries_organization_id_index" on "virtual_server_entries" ("organization_id");
create index "virtual_server_entries_virtual_server_id_index" on "virtual_server_entries" ("virtual_server_id");
create index "virtual_server_entries_tool_id_index" on "virtual_server_entries" ("tool_id");
create index "virtual_server_entries_resource_id_index" on "virtual_server_entries" ("resource_id");
create index "virtual_server_entries_resource_template_id_index" on "virtual_server_entries" ("resource_template_id");
create index "virtual_server_entries_prompt_id_index" on "virtual_server_entries" ("prompt_id");
alter table "virtual_server_entries" add constraint "virtual_server_entries_exposed_unique" unique ("virtual_server_id", "kind", "exposed_name");
alter table "virtual_server_entries" add constraint "virtual_server_entries_one_target" check (num_nonnulls(tool_id, resource_id, resource_template_id, prompt_id) = 1 and (kind = 'TOOL') = (tool_id is not null) and (kind = 'RESOURCE') = (resource_id is not null) and (kind = 'RESOURCE_TEMPLATE') = (resource_template_id is not null) and (kind = 'PROMPT') = (prompt_id is not null));
alter table "virtual_server_entries" add constraint "virtual_server_entries_kind_check" check ("kind" in ('TOOL', 'RESOURCE', 'RESOURCE_TEMPLATE', 'PROMPT'));
`);
  }
}
