import { abilityFor, type AppAbility } from '#authz';
import type { Actor, CallContext } from '#kernel';

const abilities = new WeakMap<Actor, AppAbility>();

/** What the caller may do; built once per actor, that is once per request. */
export function abilityOf({ actor }: CallContext): AppAbility {
  const known = abilities.get(actor);
  if (known) return known;
  const ability = abilityFor(actor);
  abilities.set(actor, ability);
  return ability;
}
