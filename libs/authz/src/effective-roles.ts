import type { GrantedRole } from '#kernel';
import { organizationRoles, teamRoles } from '#contracts';
import type { BuiltInRole } from './roles.js';

const known = (names: readonly BuiltInRole[]): ReadonlySet<string> => new Set(names);
const organizationWide = known(organizationRoles);
const inTeams = known(teamRoles);

/**
 * Every role that an actor really holds: role → the teams it is held in (empty for a role over the organization).
 * A name that this release does not know, or a role without the team it needs, has no effect. Everyone is also an
 * `organization-member`, except an auditor, whose role is to look and never to act.
 */
export function effectiveRoles(granted: readonly GrantedRole[]): ReadonlyMap<BuiltInRole, readonly string[]> {
  const held = new Map<BuiltInRole, string[]>();
  for (const { role, teamId } of granted) {
    if (teamId === null ? !organizationWide.has(role) : !inTeams.has(role)) continue;
    const teams = held.get(role as BuiltInRole) ?? [];
    if (teamId !== null && !teams.includes(teamId)) teams.push(teamId);
    held.set(role as BuiltInRole, teams);
  }
  if (!held.has('organization-auditor')) held.set('organization-member', []);
  return held;
}
