import type { AuditEventDraft } from '#contracts';
import { newId, systemClock, type CallContext } from '#kernel';
import { createOrm, UnitOfWork } from '#persistence';
import { APP_ROLE, createPool, SYSTEM_ROLE, type DatabasePool } from '#postgres';
import { createTestDatabase } from '#testing';

/** A migrated database with what use cases need of it: a unit of work that keeps its audit drafts, and both pools. */
export interface WorkingDatabase extends AsyncDisposable {
  readonly url: string;
  readonly unitOfWork: UnitOfWork;
  /** What the unit of work recorded, in order; emptied by the test as it likes. */
  readonly recorded: AuditEventDraft[];
  /** Superuser: for tampering and looking. */
  readonly admin: DatabasePool;
  readonly app: DatabasePool;
  readonly system: DatabasePool;
}

/** Opens a database of its own for one test file. */
export async function workOnADatabase(clusterUrl: string): Promise<WorkingDatabase> {
  const database = await createTestDatabase(clusterUrl);
  const { url } = database;
  const orm = await createOrm({ url, role: APP_ROLE }, 8);
  const recorded: AuditEventDraft[] = [];
  const pools = {
    admin: createPool({ url, max: 4 }),
    app: createPool({ url, role: APP_ROLE, max: 4 }),
    system: createPool({ url, role: SYSTEM_ROLE, max: 4 }),
  };
  return {
    url,
    recorded,
    unitOfWork: new UnitOfWork(orm.em, { append: async (_sql, events) => void recorded.push(...events) }),
    ...pools,
    [Symbol.asyncDispose]: async () => {
      await orm.close();
      await Promise.all(Object.values(pools).map((pool) => pool.end()));
      await database[Symbol.asyncDispose]();
    },
  };
}

/** The context of the program itself, working for one organization. */
export const systemContext = (organizationId: string): CallContext => ({
  actor: { kind: 'system', organizationId, name: 'test' },
  requestId: newId(),
  clock: systemClock,
  ip: null,
  userAgent: null,
});

/** Makes an organization and returns the context that works for it. */
export async function newOrganization(unitOfWork: UnitOfWork, slug: string): Promise<CallContext> {
  const organizationId = newId();
  const ctx = systemContext(organizationId);
  await unitOfWork.write(ctx, { action: 'organization.create', subjectType: 'Organization' }, async (tx) => {
    tx.organizations.create({ slug, name: slug }, organizationId);
  });
  return ctx;
}
