import { Migration } from '@mikro-orm/migrations';

/** Foreign keys: what goes with what when a row is deleted. */
export class M0002References extends Migration {
  override up(): void {
    this.addSql(`
alter table "audit_exports" add constraint "audit_exports_organization_id_foreign" foreign key ("organization_id") references "organizations" ("id") on delete cascade;
alter table "setup_links" add constraint "setup_links_organization_id_foreign" foreign key ("organization_id") references "organizations" ("id") on delete cascade;
alter table "teams" add constraint "teams_organization_id_foreign" foreign key ("organization_id") references "organizations" ("id") on delete cascade;
alter table "users" add constraint "users_organization_id_foreign" foreign key ("organization_id") references "organizations" ("id") on delete cascade;
alter table "upstreams" add constraint "upstreams_organization_id_foreign" foreign key ("organization_id") references "organizations" ("id") on delete cascade;
alter table "upstreams" add constraint "upstreams_owner_id_foreign" foreign key ("owner_id") references "users" ("id") on delete restrict;
alter table "upstreams" add constraint "upstreams_team_id_foreign" foreign key ("team_id") references "teams" ("id") on delete restrict;
alter table "upstream_operations" add constraint "upstream_operations_organization_id_foreign" foreign key ("organization_id") references "organizations" ("id") on delete cascade;
alter table "upstream_operations" add constraint "upstream_operations_upstream_id_foreign" foreign key ("upstream_id") references "upstreams" ("id") on delete cascade;
alter table "tools" add constraint "tools_organization_id_foreign" foreign key ("organization_id") references "organizations" ("id") on delete cascade;
alter table "tools" add constraint "tools_upstream_id_foreign" foreign key ("upstream_id") references "upstreams" ("id") on delete cascade;
alter table "resource_templates" add constraint "resource_templates_organization_id_foreign" foreign key ("organization_id") references "organizations" ("id") on delete cascade;
alter table "resource_templates" add constraint "resource_templates_upstream_id_foreign" foreign key ("upstream_id") references "upstreams" ("id") on delete cascade;
alter table "resources" add constraint "resources_organization_id_foreign" foreign key ("organization_id") references "organizations" ("id") on delete cascade;
alter table "resources" add constraint "resources_upstream_id_foreign" foreign key ("upstream_id") references "upstreams" ("id") on delete cascade;
alter table "prompts" add constraint "prompts_organization_id_foreign" foreign key ("organization_id") references "organizations" ("id") on delete cascade;
alter table "prompts" add constraint "prompts_upstream_id_foreign" foreign key ("upstream_id") references "upstreams" ("id") on delete cascade;
alter table "health_checks" add constraint "health_checks_organization_id_foreign" foreign key ("organization_id") references "organizations" ("id") on delete cascade;
alter table "health_checks" add constraint "health_checks_upstream_id_foreign" foreign key ("upstream_id") references "upstreams" ("id") on delete cascade;
alter table "sessions" add constraint "sessions_user_id_foreign" foreign key ("user_id") references "users" ("id") on delete cascade;
alter table "role_bindings" add constraint "role_bindings_organization_id_foreign" foreign key ("organization_id") references "organizations" ("id") on delete cascade;
alter table "role_bindings" add constraint "role_bindings_user_id_foreign" foreign key ("user_id") references "users" ("id") on delete cascade;
alter table "memberships" add constraint "memberships_organization_id_foreign" foreign key ("organization_id") references "organizations" ("id") on delete cascade;
alter table "memberships" add constraint "memberships_team_id_foreign" foreign key ("team_id") references "teams" ("id") on delete cascade;
alter table "memberships" add constraint "memberships_user_id_foreign" foreign key ("user_id") references "users" ("id") on delete cascade;
alter table "virtual_servers" add constraint "virtual_servers_organization_id_foreign" foreign key ("organization_id") references "organizations" ("id") on delete cascade;
alter table "virtual_servers" add constraint "virtual_servers_owner_id_foreign" foreign key ("owner_id") references "users" ("id") on delete restrict;
alter table "virtual_servers" add constraint "virtual_servers_team_id_foreign" foreign key ("team_id") references "teams" ("id") on delete restrict;
alter table "api_tokens" add constraint "api_tokens_organization_id_foreign" foreign key ("organization_id") references "organizations" ("id") on delete cascade;
alter table "api_tokens" add constraint "api_tokens_user_id_foreign" foreign key ("user_id") references "users" ("id") on delete cascade;
alter table "api_tokens" add constraint "api_tokens_virtual_server_id_foreign" foreign key ("virtual_server_id") references "virtual_servers" ("id") on delete cascade;
alter table "api_token_usages" add constraint "api_token_usages_token_id_foreign" foreign key ("token_id") references "api_tokens" ("id") on update cascade on delete cascade;
alter table "virtual_server_entries" add constraint "virtual_server_entries_organization_id_foreign" foreign key ("organization_id") references "organizations" ("id") on delete cascade;
alter table "virtual_server_entries" add constraint "virtual_server_entries_virtual_server_id_foreign" foreign key ("virtual_server_id") references "virtual_servers" ("id") on delete cascade;
alter table "virtual_server_entries" add constraint "virtual_server_entries_tool_id_foreign" foreign key ("tool_id") references "tools" ("id") on delete cascade;
alter table "virtual_server_entries" add constraint "virtual_server_entries_resource_id_foreign" foreign key ("resource_id") references "resources" ("id") on delete cascade;
alter table "virtual_server_entries" add constraint "virtual_server_entries_resource_template_id_foreign" foreign key ("resource_template_id") references "resource_templates" ("id") on delete cascade;
alter table "virtual_server_entries" add constraint "virtual_server_entries_prompt_id_foreign" foreign key ("prompt_id") references "prompts" ("id") on delete cascade;
`);
  }
}
