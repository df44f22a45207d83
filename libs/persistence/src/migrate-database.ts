import { DomainError } from '#kernel';
import {
  APP_ROLE,
  assertSupportedServer,
  connectionOptions,
  createPool,
  OWNER_ROLE,
  SYSTEM_ROLE,
  withAdvisoryLock,
} from '#postgres';
import { createOrm } from './create-orm.js';
import { ensureRoles } from './ensure-roles.js';
import { refuseNewer, schemaState } from './schema-version.js';

/** One migration at a time per database; any other process waits. */
const migrationLock = 'gatehouse-migrate';

/** Where and with whom to migrate. */
export interface MigrateOptions {
  /** The login that may create roles and tables. */
  readonly ownerUrl: string;
  /** Separate logins of the other pools, when they differ. */
  readonly appUrl?: string;
  readonly systemUrl?: string;
  readonly connectTimeout?: number;
  /** How long to wait for another process that migrates now. */
  readonly lockTimeoutMs?: number;
  /** Ends that wait; migrations that run are never cut. */
  readonly signal?: AbortSignal | undefined;
  /** Schemas that other libs keep in the same database (jobs); runs after ours, under the same lock. */
  readonly also?: (ownerUrl: string) => Promise<void>;
}

/**
 * Brings the database to this release: roles, tables, policies, triggers; a no-op when it is current.
 * @returns the names of the migrations that ran
 * @throws DomainError DATABASE_TOO_OLD, DATABASE_NEWER_THAN_PROGRAM, DATABASE_UNAVAILABLE
 */
export async function migrateDatabase(options: MigrateOptions): Promise<string[]> {
  const connectTimeout = options.connectTimeout ?? 5000;
  const pool = createPool({ url: options.ownerUrl, max: 2, applicationName: 'gatehouse-migrate', connectTimeout });
  try {
    await assertSupportedServer(pool);
    const wait = { timeoutMs: options.lockTimeoutMs ?? 60_000, signal: options.signal };
    return await withAdvisoryLock(pool, migrationLock, wait, async () => {
      const before = await schemaState(pool);
      refuseNewer(before);
      await ensureRoles(pool, before === 'current' ? [] : loginsOf(options));
      const applied = before === 'current' ? [] : await runMigrations(options.ownerUrl, connectTimeout);
      await options.also?.(options.ownerUrl);
      return applied;
    });
  } finally {
    await pool.end();
  }
}

async function runMigrations(url: string, connectTimeout: number): Promise<string[]> {
  const orm = await createOrm({ url, role: OWNER_ROLE, applicationName: 'gatehouse-migrate', connectTimeout }, 1);
  try {
    return (await orm.migrator.up()).map(({ name }) => name);
  } finally {
    await orm.close();
  }
}

/** Policies are made by migration m0004 and have tests of their own; the entities do not declare them. */
const madeByHand = /^(drop policy |alter table "\w+" disable row level security)/;

/**
 * Whether the entities and the migrated database say the same; for CI.
 * @returns the statements that would be needed to make them equal: empty when they do
 */
export async function schemaDifferences(url: string): Promise<string> {
  const orm = await createOrm({ url, role: OWNER_ROLE, applicationName: 'gatehouse-check', connectTimeout: 5000 }, 1);
  try {
    const statements = (await orm.schema.getUpdateSchemaSQL({ wrap: false })).split('\n');
    return statements.filter((statement) => statement.trim() !== '' && !madeByHand.test(statement)).join('\n');
  } finally {
    await orm.close();
  }
}

function loginsOf(options: MigrateOptions): { user: string; role: string }[] {
  const own = userOf(options.ownerUrl);
  return [
    { url: options.appUrl, role: APP_ROLE },
    { url: options.systemUrl, role: SYSTEM_ROLE },
  ].flatMap(({ url, role }) => {
    const user = url ? userOf(url) : own;
    return user === own ? [] : [{ user, role }];
  });
}

function userOf(url: string): string {
  const { user } = connectionOptions({ url });
  if (!user)
    throw new DomainError(
      'CONFIGURATION_INVALID',
      'A database URL must name its user: postgres://user:password@host/database.',
    );
  return user;
}
