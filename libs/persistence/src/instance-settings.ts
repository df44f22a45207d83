import { DomainError } from '#kernel';
import type { SqlExecutor } from '#postgres';

/** The fingerprint of the master key that the database was set up with; null before the first start. */
export async function masterKeyFingerprint(sql: SqlExecutor): Promise<string | null> {
  const [row] = await sql.query<{ value: string }>(
    "select value from instance_settings where key = 'master_key_fingerprint'",
  );
  return row?.value ?? null;
}

/**
 * Refuses to go on with another master key than the one that this database was set up with (ARCHITECTURE.md §4.3).
 * The first process to come stores its fingerprint.
 * @throws DomainError WRONG_MASTER_KEY
 */
export async function assertMasterKey(sql: SqlExecutor, fingerprint: string): Promise<void> {
  await sql.query(
    "insert into instance_settings (key, value) values ('master_key_fingerprint', $1) on conflict (key) do nothing",
    [fingerprint],
  );
  if ((await masterKeyFingerprint(sql)) !== fingerprint) {
    throw new DomainError(
      'WRONG_MASTER_KEY',
      'The master key is not the one that this database was set up with. Set GATEHOUSE_MASTER_KEY (or GATEHOUSE_MASTER_KEY_FILE) to the original key; stored credentials and audit records cannot be read with another one.',
    );
  }
}
