import { newId } from '#kernel';
import { createPool, withAdvisoryLock, type DatabasePool } from '#postgres';

/** A database of its own for one test file. */
export interface TestDatabase extends AsyncDisposable {
  /** The URL of the cluster's superuser on this database. */
  readonly url: string;
}

const template = 'gatehouse_template';
const templatePatience = 120_000;

const withDatabase = (url: string, database: string): string => {
  const parsed = new URL(url);
  parsed.pathname = `/${database}`;
  return parsed.href;
};

/**
 * Creates a migrated database on the cluster at `clusterUrl` (`inject('pgUrl')`), or an `empty` one. The first call of a
 * run migrates the template, the others copy it, so files that need no database pay nothing. Dispose drops it:
 * `await using database = await createTestDatabase(inject('pgUrl'))`.
 */
export async function createTestDatabase(clusterUrl: string, options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const name = `test_${newId().replaceAll('-', '')}`;
  await withAdmin(clusterUrl, async (admin) => {
    if (options.empty !== true) await ensureTemplate(admin, clusterUrl);
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${options.empty === true ? 'template0' : template}`);
  });
  return {
    url: withDatabase(clusterUrl, name),
    [Symbol.asyncDispose]: () =>
      withAdmin(clusterUrl, (admin) =>
        admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`).then(() => undefined),
      ),
  };
}

async function withAdmin(url: string, fn: (admin: DatabasePool) => Promise<void>): Promise<void> {
  const admin = createPool({ url, max: 2, applicationName: 'gatehouse-test' });
  try {
    await fn(admin);
  } finally {
    await admin.end();
  }
}

/** The draft is renamed when it is whole: a migration that failed leaves no half template to later files. */
async function ensureTemplate(admin: DatabasePool, clusterUrl: string): Promise<void> {
  const draft = `${template}_draft`;
  await withAdvisoryLock(admin, template, { timeoutMs: templatePatience }, async (sql) => {
    const found = await sql.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
    if (found.length > 0) return;
    await sql.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
    await sql.query(`CREATE DATABASE ${draft} TEMPLATE template0`);
    // Loaded on demand: it brings the whole of MikroORM.
    const { prepareTemplate } = await import('./prepare-template.js');
    await prepareTemplate(withDatabase(clusterUrl, draft));
    await sql.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [draft]);
    await sql.query(`ALTER DATABASE ${draft} RENAME TO ${template}`);
  });
}
