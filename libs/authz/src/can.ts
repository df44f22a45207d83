import type { AppAbility } from './ability-for.js';
import type { Subject, SubjectAttributes } from './permissions.js';
import type { Action } from './subject-definition.js';

/**
 * Whether the action is allowed on this object; for `create`, on the candidate. The object may be an entity, a row or
 * a literal: only its attributes are looked at and it is not touched, where CASL's `subject()` would tag it.
 */
export function can<S extends Subject>(
  ability: AppAbility,
  action: Action,
  subject: S,
  object: SubjectAttributes[S],
): boolean {
  const decisive = ability.rulesFor(action, subject).find((rule) => rule.matchesConditions(object as never));
  return decisive !== undefined && !decisive.inverted;
}

/** Whether the action is allowed on at least some thinkable object of the type. Never enough on its own. */
export const canType = (ability: AppAbility, action: Action, subject: Subject): boolean => ability.can(action, subject);
