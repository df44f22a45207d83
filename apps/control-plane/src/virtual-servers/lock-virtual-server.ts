import { notFound } from '#kernel';
import type { WriteTransaction } from '#persistence';

/**
 * Holds a virtual server to the end of the transaction, so that two people who compose it at once do so one after the
 * other, and says how it names things now.
 * @throws DomainError NOT_FOUND when it was deleted meanwhile.
 */
export async function lockVirtualServer(tx: WriteTransaction, id: string): Promise<{ readonly prefixNames: boolean }> {
  const [row] = await tx.sql.query<{ prefixNames: boolean }>(
    'select prefix_names as "prefixNames" from virtual_servers where id = $1 for update',
    [id],
  );
  return row ?? Promise.reject(notFound('VirtualServer'));
}
