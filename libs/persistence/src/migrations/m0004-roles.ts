import { Migration } from '@mikro-orm/migrations';

/** Tables that GraphQL reads and writes, each bound to one organization by row-level security. */
const tenantTables: Record<string, string> = {
  organizations: 'select, insert, update',
  users: 'select, insert, update, delete',
  teams: 'select, insert, update, delete',
  memberships: 'select, insert, update, delete',
  role_bindings: 'select, insert, update, delete',
  upstreams: 'select, insert, update, delete',
  tools: 'select, insert, update, delete',
  resources: 'select, insert, update, delete',
  resource_templates: 'select, insert, update, delete',
  prompts: 'select, insert, update, delete',
  virtual_servers: 'select, insert, update, delete',
  virtual_server_entries: 'select, insert, update, delete',
  api_tokens: 'select, insert, update, delete',
  api_token_usages: 'select',
  health_checks: 'select, insert',
  upstream_operations: 'select, insert, update',
  sessions: 'select, delete',
  setup_links: 'select, insert, update',
  // Evidence can be added and read, never changed or removed.
  audit_events: 'select, insert',
  audit_chain_heads: 'select, insert, update',
  audit_checkpoints: 'select',
  audit_exports: 'select, insert, update',
  config_changes: 'select',
};

/** What the snapshot reader, sign-in look-up, audit writer, job dispatcher and housekeeping may do across organizations. */
const systemGrants: Record<string, string> = {
  organizations: 'select',
  users: 'select, update',
  teams: 'select',
  memberships: 'select',
  role_bindings: 'select',
  upstreams: 'select',
  tools: 'select',
  resources: 'select',
  resource_templates: 'select',
  prompts: 'select',
  virtual_servers: 'select',
  virtual_server_entries: 'select',
  api_tokens: 'select',
  api_token_usages: 'select, insert, update',
  health_checks: 'select, delete',
  upstream_operations: 'select, delete',
  sessions: 'select, insert, update, delete',
  setup_links: 'select, update, delete',
  audit_events: 'select, insert',
  audit_chain_heads: 'select, insert, update, delete',
  audit_checkpoints: 'select, insert',
  audit_exports: 'select, update',
  config_changes: 'select, delete',
};

/** Row-level security and the named grants of the three roles (ARCHITECTURE.md §4.2, ADR 0004). */
export class M0004Roles extends Migration {
  override up(): void {
    this.addSql('grant usage on schema public to gatehouse_app, gatehouse_system');
    for (const [table, grants] of Object.entries(tenantTables)) {
      this.addSql(`alter table ${table} enable row level security`);
      this.addSql(`grant ${grants} on ${table} to gatehouse_app`);
      this.addSql(
        `create policy ${table}_tenant on ${table} to gatehouse_app using (organization_id = nullif(current_setting('gatehouse.organization', true), '')::uuid) with check (organization_id = nullif(current_setting('gatehouse.organization', true), '')::uuid)`,
      );
    }
    for (const [table, grants] of Object.entries(systemGrants)) {
      this.addSql(`grant ${grants} on ${table} to gatehouse_system`);
      this.addSql(`create policy ${table}_system on ${table} to gatehouse_system using (true) with check (true)`);
    }
    this.addSql('grant select, insert on instance_settings to gatehouse_system');
    this.addSql('grant select on mikro_orm_migrations to gatehouse_system, gatehouse_app');
    for (const signature of [
      'gatehouse_ensure_audit_partitions(int)',
      'gatehouse_expired_audit_partitions(timestamptz)',
      'gatehouse_drop_audit_partition(text)',
    ]) {
      this.addSql(`revoke all on function ${signature} from public`);
      this.addSql(`grant execute on function ${signature} to gatehouse_system`);
    }
    this.addSql('revoke all on function gatehouse_record_change() from public');
  }
}
