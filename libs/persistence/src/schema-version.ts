import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '#kernel';
import type { SqlExecutor } from '#postgres';
import { migrations } from './migrations.js';

/** How the database stands to this program. */
export type SchemaState = 'empty' | 'behind' | 'current' | 'newer';

/** Compares the migrations that the database has seen with those of this release. */
export async function schemaState(sql: SqlExecutor): Promise<SchemaState> {
  const [table] = await sql.query<{ present: boolean }>(
    "select to_regclass('public.mikro_orm_migrations') is not null as present",
  );
  if (!table?.present) return 'empty';
  const rows = await sql.query<{ name: string }>('select name from mikro_orm_migrations');
  const known = new Set(migrations.map(({ name }) => name));
  if (rows.some(({ name }) => !known.has(name))) return 'newer';
  return rows.length === known.size ? 'current' : 'behind';
}

/** @throws DomainError DATABASE_NEWER_THAN_PROGRAM */
export function refuseNewer(state: SchemaState): void {
  if (state !== 'newer') return;
  throw new DomainError(
    'DATABASE_NEWER_THAN_PROGRAM',
    'The database was migrated by a newer release of Gatehouse. Start that release or a newer one; to go back, restore a backup made before the upgrade.',
  );
}

/**
 * Waits until another process has migrated the database.
 * @throws DomainError DATABASE_NEWER_THAN_PROGRAM or, after `timeoutMs`, DATABASE_NOT_MIGRATED; what `signal` says
 */
export async function waitForSchema(sql: SqlExecutor, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const state = await schemaState(sql);
    refuseNewer(state);
    if (state === 'current') return;
    if (Date.now() >= deadline) {
      throw new DomainError(
        'DATABASE_NOT_MIGRATED',
        'The database is not migrated to this release. Run `gatehouse migrate`, or start a process with the control plane.',
      );
    }
    await delay(250, undefined, { signal });
  }
}
