import type { SubjectDefinition } from '../subject-definition.js';

/** A person of the organization. */
export interface UserAttributes {
  readonly organizationId: string;
  readonly id?: string;
  /** The teams that the user is a member of. Left out, rules that look for a shared team do not match. */
  readonly teamIds?: readonly string[];
}

/** Permissions on users. */
export const user = {
  permissions: {
    read: 'See the name, e-mail address and status of a user.',
    create: 'Add a user to the organization.',
    update: 'Change, disable or enable a user.',
    delete: 'Delete a user.',
  },
  where: { teamIds: ['memberships', '$some', 'teamId'] },
} as const satisfies SubjectDefinition;
