import { rulesToCondition } from '@casl/ability/extra';
import type { AppAbility } from './ability-for.js';
import { subjectDefinitions, type Subject } from './permissions.js';
import type { Condition } from './role-rule.js';
import type { Action, SubjectDefinition } from './subject-definition.js';

/** A condition on rows, in the language of MikroORM's `where`. A new, mutable tree with every call. */
export type PlainFilter = Readonly<Record<string, unknown>>;

/** Whether everything that meets `narrow` surely meets `wide`. */
const covers = (wide: Condition, narrow: Condition): boolean =>
  Object.entries(wide).every(([attribute, test]) => JSON.stringify(narrow[attribute]) === JSON.stringify(test));

/** Leaves out what another condition covers: an administrator's lists need no second branch for their own objects. */
const widest = (conditions: readonly Condition[]): readonly Condition[] =>
  conditions.filter((one, at) =>
    conditions.every((other, index) => index === at || !covers(other, one) || (covers(one, other) && at < index)),
  );

/** The condition with every attribute put where the rows keep it. */
function toWhere(subject: Subject, condition: Condition): PlainFilter {
  const { where = {} }: SubjectDefinition = subjectDefinitions[subject];
  const tree: Record<string, unknown> = {};
  for (const [attribute, test] of Object.entries(condition)) {
    const path = where[attribute] ?? [attribute];
    let node = tree;
    for (const key of path.slice(0, -1)) node = (node[key] ??= {}) as Record<string, unknown>;
    node[path.at(-1) ?? attribute] = structuredClone(test);
  }
  return tree;
}

/** The condition that no row meets. */
const nothing = (): PlainFilter => ({ id: { $in: [] } });

/**
 * The condition that selects exactly the rows for which `can` says yes, so that lists and single objects agree.
 * @returns `{ id: { $in: [] } }` when there are none.
 */
export function filterFor(ability: AppAbility, action: Action, subject: Subject): PlainFilter {
  const all = (conditions: readonly Condition[]): PlainFilter[] =>
    widest(conditions).map((condition) => toWhere(subject, condition));
  const filter = rulesToCondition<AppAbility, Condition, PlainFilter>(
    ability.rulesFor(action, subject),
    (rule) => rule.conditions ?? {},
    {
      or: (conditions) => {
        const [first = nothing(), ...more] = all(conditions);
        return more.length === 0 ? first : { $or: [first, ...more] };
      },
      // Roles only ever add conditioned rules; these two come with rules that take away, which the table cannot express.
      and: () => {
        throw new Error('A rule that takes away cannot become a filter.');
      },
      empty: () => {
        throw new Error('A rule without an organization cannot become a filter.');
      },
    },
  );
  return filter ?? nothing();
}
