import { DomainError } from '#kernel';
import type { WriteTransaction } from '#persistence';

/**
 * Refuses a change that would leave the organization without an owner who can sign in. The lock on the organization's
 * row keeps two owners from disabling each other at the same time.
 * @throws DomainError CONFLICT
 */
export async function assertOwnerRemains(tx: WriteTransaction, leavingUserId: string): Promise<void> {
  await tx.sql.query('select id from organizations for update');
  const [row] = await tx.sql.query<{ owners: number }>(
    `select count(*)::int as owners from role_bindings b join users u on u.id = b.user_id
     where b.role = 'organization-owner' and (b.expires_at is null or b.expires_at > now())
       and u.status = 'ACTIVE' and u.id <> $1`,
    [leavingUserId],
  );
  if (row && row.owners > 0) return;
  throw new DomainError('CONFLICT', 'This is the last owner of the organization; make somebody else an owner first.');
}
