import { DomainError } from '#kernel';
import { APP_ROLE, OWNER_ROLE, SYSTEM_ROLE, type SqlExecutor } from '#postgres';

const roleNames = [OWNER_ROLE, APP_ROLE, SYSTEM_ROLE];

const script = roleNames
  .map((role) => `CREATE ROLE ${role} NOLOGIN NOBYPASSRLS;`)
  .concat(`GRANT ${roleNames.join(', ')} TO <the user of DATABASE_URL>;`)
  .join(' ');

const quote = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;

/**
 * Makes the three database roles and lets the logins enter them (ARCHITECTURE.md §4.2). Safe to run again and by two processes.
 * @param logins user names besides the current one, each with the role that it enters
 * @throws DomainError DATABASE_UNAVAILABLE with the statements to run by hand when the login may not create roles
 */
export async function ensureRoles(sql: SqlExecutor, logins: readonly { user: string; role: string }[]): Promise<void> {
  const present = await sql.query<{ rolname: string }>('select rolname from pg_roles where rolname = any($1)', [
    roleNames,
  ]);
  for (const role of roleNames.filter((name) => !present.some((row) => row.rolname === name))) {
    await attempt(() =>
      sql.query(
        `do $$ begin create role ${role} nologin nobypassrls; exception when duplicate_object or unique_violation then null; end $$`,
      ),
    );
  }
  for (const role of roleNames) {
    const [member] = await sql.query<{ member: boolean }>("select pg_has_role(current_user, $1, 'MEMBER') as member", [
      role,
    ]);
    if (!member?.member) await attempt(() => sql.query(`grant ${role} to current_user`));
  }
  for (const { user, role } of logins) await attempt(() => sql.query(`grant ${role} to ${quote(user)}`));
  await grantPlaces(sql);
}

/** Where the owner role may create. A database restored from a dump, or copied, comes without the grants on itself. */
async function grantPlaces(sql: SqlExecutor): Promise<void> {
  const [found] = await sql.query<{ name: string; database: boolean; schema: boolean }>(
    `select current_database() as name,
      has_database_privilege($1, current_database(), 'CREATE') and has_database_privilege($1, current_database(), 'CONNECT') as database,
      has_schema_privilege($1, 'public', 'USAGE') and has_schema_privilege($1, 'public', 'CREATE') as schema`,
    [OWNER_ROLE],
  );
  if (!found?.database)
    await attempt(() => sql.query(`grant create, connect on database ${quote(found?.name ?? '')} to ${OWNER_ROLE}`));
  if (!found?.schema) await attempt(() => sql.query(`grant usage, create on schema public to ${OWNER_ROLE}`));
}

async function attempt(step: () => Promise<unknown>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === '42501')) throw error;
    throw new DomainError(
      'DATABASE_UNAVAILABLE',
      `The database login may not prepare the roles of Gatehouse. Let an administrator run once: ${script} GRANT CREATE ON DATABASE <name> TO ${OWNER_ROLE}; GRANT USAGE, CREATE ON SCHEMA public TO ${OWNER_ROLE};`,
      { cause: error },
    );
  }
}
