import { abilityFor, can } from '#authz';
import { IdentityStore, userActor } from '#persistence';
import type { SqlExecutor } from '#postgres';

/** What whoever asked for an export may see of the audit log now. */
export interface ExportRights {
  readonly events: boolean;
  readonly bodies: boolean;
}

/** Looks the rights up when the export runs: an export outlives the request, and rights may end. */
export async function requesterRights(
  sql: SqlExecutor,
  organizationId: string,
  requestedBy: string | null,
): Promise<ExportRights> {
  if (requestedBy === null) return { events: true, bodies: false };
  const identity = await new IdentityStore(sql).findUser(requestedBy);
  if (!identity?.active || identity.organizationId !== organizationId) return { events: false, bodies: false };
  const ability = abilityFor(userActor(identity));
  return {
    events: can(ability, 'read', 'AuditEvent', { organizationId }),
    bodies: can(ability, 'readBody', 'AuditEvent', { organizationId }),
  };
}
