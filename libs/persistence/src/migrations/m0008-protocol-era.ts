import { Migration } from '@mikro-orm/migrations';

/** The era that an administrator sets for an upstream; null: what a probe finds. HTTP+SSE is of the legacy era only. */
export class M0008ProtocolEra extends Migration {
  override up(): void {
    this.addSql(`
alter table "upstreams" add column "protocol_era" text null;
alter table "upstreams" add constraint "upstreams_protocol_era_check" check ("protocol_era" in ('LEGACY', 'MODERN'));
alter table "upstreams" add constraint "upstreams_protocol_era_transport" check (protocol_era is distinct from 'MODERN' or transport <> 'SSE');
`);
  }
}
