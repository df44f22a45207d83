import { DomainError, notFound } from '#kernel';
import type { AppAbility } from './ability-for.js';
import { can, canType } from './can.js';
import type { Subject, SubjectAttributes } from './permissions.js';
import type { Action } from './subject-definition.js';

const refuse = (action: Action, subject: Subject, what: string): DomainError =>
  new DomainError('FORBIDDEN', `You may not ${action} ${what}. Ask an administrator for a role that allows it.`, {
    details: { subject, action },
  });

/**
 * Refuses an action that no object of the type would allow; for guards, before anything is loaded.
 * @throws DomainError FORBIDDEN.
 */
export function assertCanType(ability: AppAbility, action: Action, subject: Subject): void {
  if (!canType(ability, action, subject)) throw refuse(action, subject, `any ${subject}`);
}

/**
 * Refuses an action on an object as ARCHITECTURE.md §4.11 says: who cannot read the object learns nothing about it. A
 * candidate for `create` is the caller's own words, so its refusal hides nothing.
 * @throws DomainError NOT_FOUND when the object is not readable, with the text of a missing one; else FORBIDDEN.
 */
export function assertCan<S extends Subject>(
  ability: AppAbility,
  action: Action,
  subject: S,
  object: SubjectAttributes[S],
): void {
  if (can(ability, action, subject, object)) return;
  if (action === 'create') throw refuse(action, subject, `this ${subject}`);
  if (action === 'read' || !can(ability, 'read', subject, object)) throw notFound(subject);
  throw refuse(action, subject, `this ${subject}`);
}

/**
 * Refuses a change unless both the stored and the changed state may be updated. Checking only the stored one would let
 * an owner make an object visible to the organization or hand it to a team that is not theirs.
 * @throws DomainError NOT_FOUND when the stored object is not readable, else FORBIDDEN.
 */
export function assertCanChange<S extends Subject>(
  ability: AppAbility,
  subject: S,
  before: SubjectAttributes[S],
  after: SubjectAttributes[S],
): void {
  assertCan(ability, 'update', subject, before);
  if (!can(ability, 'update', subject, after)) throw refuse('update', subject, `this ${subject} in that way`);
}
