import { CompiledQuery } from 'kysely';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { SqlExecutor } from '#postgres';

/** Raw SQL with bound parameters inside the transaction of an entity manager. */
export function sqlExecutorOf(em: EntityManager): SqlExecutor {
  return {
    query: async <R>(text: string, params: readonly unknown[] = []): Promise<R[]> => {
      const result = await em.getKysely().executeQuery(CompiledQuery.raw(text, [...params]));
      return result.rows as R[];
    },
  };
}
