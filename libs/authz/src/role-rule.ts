import type { Permission } from './permissions.js';

/** Stands for the acting user in a condition. */
export const ME = '$me';

/** Stands for every team in which the acting user holds the role that the rule belongs to. */
export const MY_TEAMS = '$myTeams';

/** What an attribute must be. Nothing here needs more, and each form means the same in SQL and in memory. */
export type AttributeTest = string | { readonly $in: readonly string[] } | { readonly $ne: string };

/** A plain condition: every named attribute must pass its test. `$me` and `$myTeams` are filled in for each actor. */
export type Condition = Readonly<Record<string, AttributeTest>>;

/** One line of a role: these permissions, on the objects that meet the condition (all of the organization without one). */
export interface RoleRule {
  readonly allow: readonly Permission[];
  readonly when?: Condition;
}
