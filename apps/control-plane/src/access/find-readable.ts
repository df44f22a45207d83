import { filterFor, type Subject } from '#authz';
import { notFound, type CallContext } from '#kernel';
import type { Repository, Where } from '#persistence';
import { abilityOf } from './ability-of.js';

/**
 * The row with this id, if the caller may read it. Hidden and missing rows cost the same one query.
 * @throws DomainError NOT_FOUND
 */
export async function findReadable<T extends { id: string }>(
  ctx: CallContext,
  repository: Repository<T>,
  subject: Subject,
  id: string,
): Promise<T> {
  const row = await repository.find(id, readableWhere(ctx, subject));
  if (!row) throw notFound(subject);
  return row;
}

/** The condition that selects the rows of this type that the caller may read. */
export const readableWhere = (ctx: CallContext, subject: Subject): Where => filterFor(abilityOf(ctx), 'read', subject);
