import type { SubjectDefinition } from '../subject-definition.js';

/** One organization-wide role of one user. Rules look at `role`, because not everyone may grant every role. */
export interface RoleBindingAttributes {
  readonly organizationId: string;
  readonly id?: string;
  readonly userId: string;
  readonly role: string;
}

/** Permissions on role bindings. */
export const roleBinding = {
  permissions: {
    read: 'See which organization-wide roles a user holds.',
    create: 'Grant an organization-wide role.',
    update: 'Change when a granted role expires.',
    delete: 'Take an organization-wide role away.',
  },
} as const satisfies SubjectDefinition;
