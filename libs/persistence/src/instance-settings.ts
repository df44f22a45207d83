import { DomainError } from '#kernel';
import type { SqlExecutor } from '#postgres';

/**
 * Refuses to go on with another master key than the one that this database was set up with (architecture.md §4.3).
 * The first process to come stores its fingerprint.
 * @throws DomainError WRONG_MASTER_KEY
 */
export async function assertMasterKey(sql: SqlExecutor, fingerprint: string): Promise<void> {
  await sql.query(
    "insert into instance_settings (key, value) values ('master_key_fingerprint', $1) on conflict (key) do nothing",
    [fingerprint],
  );
  const rows = await sql.query<{ value: string }>(
    "select value from instance_settings where key = 'master_key_fingerprint'",
  );
  if (rows[0]?.value !== fingerprint) {
    throw new DomainError(
      'WRONG_MASTER_KEY',
      'The master key is not the one that this database was set up with. Set GATEHOUSE_MASTER_KEY (or GATEHOUSE_MASTER_KEY_FILE) to the original key; stored credentials and audit records cannot be read with another one.',
    );
  }
}
