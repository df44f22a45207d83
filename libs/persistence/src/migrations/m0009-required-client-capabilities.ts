import { Migration } from '@mikro-orm/migrations';

/** What a client must declare to be offered an object of a catalogue; nothing, for what was read before. */
export class M0009RequiredClientCapabilities extends Migration {
  override up(): void {
    for (const table of ['tools', 'prompts', 'resources', 'resource_templates'])
      this.addSql(`alter table "${table}" add column "required_client_capabilities" text not null default '[]';`);
  }
}
