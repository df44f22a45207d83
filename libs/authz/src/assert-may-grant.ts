import { DomainError, type GrantedRole } from '#kernel';
import { organizationRoles } from '#contracts';
import type { AppAbility } from './ability-for.js';
import { assertCan, assertCanType } from './assert-can.js';
import { can } from './can.js';

/** A role about to be given to a user: over the organization (`teamId` null) or in one team. */
export interface RoleGrant extends GrantedRole {
  readonly organizationId: string;
  readonly userId: string;
}

/**
 * Refuses to give a role that the caller has no right to give: only an owner makes owners and auditors, and no owner
 * makes themselves an auditor; a team's admin fills the team.
 * @throws DomainError FORBIDDEN, naming the role.
 */
export function assertMayGrant(ability: AppAbility, grant: RoleGrant): void {
  const { organizationId, userId, role, teamId } = grant;
  const allowed =
    teamId === null
      ? can(ability, 'create', 'RoleBinding', { organizationId, userId, role })
      : can(ability, 'create', 'Membership', { organizationId, userId, teamId });
  if (allowed) return;
  throw new DomainError('FORBIDDEN', `You may not grant the role ${role} here. Ask someone who holds the right to.`, {
    field: 'role',
    details: { role },
  });
}

/**
 * Refuses to change or delete a user who holds a role that the caller could not take away: else an administrator could
 * become the owner by way of the owner's account, or remove the auditor.
 * @param organizationWide the roles over the organization that the user holds.
 * @throws DomainError NOT_FOUND when the user is not readable, else FORBIDDEN.
 */
export function assertMayManageUser(
  ability: AppAbility,
  action: 'update' | 'delete',
  user: { readonly organizationId: string; readonly id: string; readonly teamIds?: readonly string[] },
  organizationWide: readonly string[],
): void {
  assertCanType(ability, action, 'User');
  assertCan(ability, action, 'User', user);
  const { organizationId, id: userId } = user;
  const beyond = organizationRoles
    .filter((role) => organizationWide.includes(role))
    .find((role) => !can(ability, 'delete', 'RoleBinding', { organizationId, userId, role }));
  if (beyond === undefined) return;
  throw new DomainError(
    'FORBIDDEN',
    `You may not ${action} this User, who holds the role ${beyond}. Ask someone who may take that role away.`,
    { details: { subject: 'User', action, role: beyond } },
  );
}
