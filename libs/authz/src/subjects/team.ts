import type { SubjectDefinition } from '../subject-definition.js';

/** A team of the organization. */
export interface TeamAttributes {
  readonly organizationId: string;
  readonly id?: string;
}

/** Permissions on teams. */
export const team = {
  permissions: {
    read: 'See a team.',
    create: 'Create a team.',
    update: 'Change the name and description of a team.',
    delete: 'Delete a team.',
  },
} as const satisfies SubjectDefinition;
