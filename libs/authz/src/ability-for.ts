import { createMongoAbility, type MongoAbility } from '@casl/ability';
import type { Actor, UserActor } from '#kernel';
import { effectiveRoles } from './effective-roles.js';
import { permissionEntry, permissions, type PermissionEntry, type Subject } from './permissions.js';
import { ME, MY_TEAMS, type AttributeTest, type Condition } from './role-rule.js';
import { roles } from './roles.js';
import type { Action } from './subject-definition.js';
import { narrowedBy } from './token-scopes.js';

/** What one actor may do. Opaque: ask it through `can`, `canType`, `assertCan`, `filterFor`. */
export type AppAbility = MongoAbility<[Action, Subject], Condition>;

/** The part of a user that rights depend on; the gateway has it without a session. */
export type Principal = Pick<UserActor, 'userId' | 'organizationId' | 'roles' | 'scope'>;

type AbilityRule = { action: Action; subject: Subject; conditions: Condition };

const rule = ({ action, subject }: PermissionEntry, conditions: Condition): AbilityRule => ({
  action,
  subject,
  conditions,
});

/** Puts the actor into a condition; `null` when it asks for a team and there is none. */
function fillIn(condition: Condition, userId: string, teamIds: readonly string[]): Condition | null {
  if (Object.values(condition).includes(MY_TEAMS) && teamIds.length === 0) return null;
  const fill = (test: AttributeTest): AttributeTest => {
    if (test === ME) return userId;
    if (test === MY_TEAMS) return { $in: teamIds };
    return typeof test === 'object' && '$ne' in test && test.$ne === ME ? { $ne: userId } : test;
  };
  return Object.fromEntries(Object.entries(condition).map(([attribute, test]) => [attribute, fill(test)]));
}

/** Who am I: every signed-in user and every live token may ask that. */
const viewerRules = ({ userId, organizationId }: Principal): AbilityRule[] => [
  rule(permissionEntry('organization.read'), { organizationId, id: organizationId }),
  rule(permissionEntry('user.read'), { organizationId, id: userId }),
];

function userRules(principal: Principal): AbilityRule[] {
  const { userId, organizationId, scope } = principal;
  const rules = viewerRules(principal);
  for (const [role, teamIds] of effectiveRoles(principal.roles)) {
    for (const { allow, when = {} } of roles[role]) {
      const condition = fillIn(when, userId, teamIds);
      if (condition === null) continue;
      for (const entry of allow.map(permissionEntry)) {
        const narrowing = narrowedBy(scope, entry);
        if (narrowing !== null) rules.push(rule(entry, { ...condition, ...narrowing, organizationId }));
      }
    }
  }
  return rules;
}

function rulesOf(actor: Actor): AbilityRule[] {
  if (actor.kind === 'user') return userRules(actor);
  // A part of the program that does not say what it is or for whom it works gets nothing, like nobody at all.
  if (actor.kind === 'anonymous' || !actor.organizationId || !actor.name) return [];
  const { organizationId } = actor;
  return permissions.map((entry) => rule(entry, { organizationId }));
}

/** What an actor may do, always within their organization. A token narrows its owner and never adds. */
export const abilityFor = (actor: Actor): AppAbility => createMongoAbility<AppAbility>(rulesOf(actor));

/** {@link abilityFor} for a principal that is not an actor of this process: the owner of a token in the snapshot. */
export const abilityForPrincipal = (principal: Principal): AppAbility =>
  createMongoAbility<AppAbility>(userRules(principal));
