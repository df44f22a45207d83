import type { SubjectDefinition } from '../subject-definition.js';

/** The tenant itself; `id` and `organizationId` are the same value. */
export interface OrganizationAttributes {
  readonly organizationId: string;
  readonly id?: string;
}

/** Permissions on the organization. */
export const organization = {
  permissions: {
    read: 'See the name and slug of the organization.',
    create: 'Set up the organization; only the first start does this.',
    update: 'Change the name and the settings of the organization.',
    delete: 'Delete the organization and everything in it.',
  },
} as const satisfies SubjectDefinition;
