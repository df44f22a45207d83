import type { SubjectDefinition } from '../subject-definition.js';

/** One user's place in one team. */
export interface MembershipAttributes {
  readonly organizationId: string;
  readonly id?: string;
  readonly teamId: string;
  readonly userId: string;
}

/** Permissions on memberships. */
export const membership = {
  permissions: {
    read: 'See who belongs to a team and in which role.',
    create: 'Add a user to a team.',
    update: "Change a member's role in a team.",
    delete: 'Remove a user from a team.',
  },
} as const satisfies SubjectDefinition;
