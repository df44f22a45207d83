import { Migration } from '@mikro-orm/migrations';

/**
 * The gateway processes that serve now and where the others reach them (ARCHITECTURE.md §4.6). They belong to the
 * installation, not to an organization, so only the system role sees them; a beat is no change of the configuration.
 */
export class M0006GatewayInstances extends Migration {
  override up(): void {
    this.addSql(`
create table gateway_instances (
  id uuid primary key,
  address varchar(300) not null,
  started_at timestamptz(3) not null default now(),
  heartbeat_at timestamptz(3) not null default now()
)`);
    this.addSql('grant select, insert, update, delete on gateway_instances to gatehouse_system');
  }
}
