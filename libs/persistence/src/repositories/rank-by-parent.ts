import { raw, type EntityClass, type EntityManager, type FilterQuery } from '@mikro-orm/postgresql';
import type { PageWindow } from './page-window.js';

/** A row's key and the parent that it was read for. */
export interface RankedKey {
  readonly id: string;
  readonly parent: string;
}

/**
 * The keys of the first rows of each parent, one more than the window's size, in the window's direction: one query, however
 * many parents there are.
 * @param parentColumn the column that refers to the parent, for example `team_id`
 */
export async function rankByParent<T extends { id: string }>(
  em: EntityManager,
  entity: EntityClass<T>,
  parentColumn: string,
  where: FilterQuery<T>,
  window: PageWindow,
): Promise<RankedKey[]> {
  const direction = window.direction === 'asc' ? 'asc' : 'desc';
  const ranked = em
    .createQueryBuilder(entity, 'e')
    .select([
      raw('??', ['e.id']),
      raw('?? as parent', [`e.${parentColumn}`]),
      raw(`row_number() over (partition by ?? order by ?? ${direction}) as place`, [`e.${parentColumn}`, 'e.id']),
    ] as never)
    .where(where as never);
  const { sql, params } = ranked.toQuery();
  return em.execute<RankedKey[]>(`select id, parent from (${sql}) ranked where place <= ? order by place`, [
    ...params,
    window.size + 1,
  ]);
}
