import type { SubjectDefinition } from '../subject-definition.js';

/** A credential that acts as its user. */
export interface ApiTokenAttributes {
  readonly organizationId: string;
  readonly id?: string;
  readonly userId: string;
}

/** Permissions on API tokens. A token never changes: it is created, and revoked (`delete`). */
export const apiToken = {
  permissions: {
    read: 'See the name, scopes and expiry of an API token, never its secret.',
    create: 'Create an API token.',
    delete: 'Revoke an API token.',
  },
} as const satisfies SubjectDefinition;
