import type { SubjectDefinition } from '../subject-definition.js';

/** A line of the audit log. Nobody creates, changes or deletes one through a permission. */
export interface AuditEventAttributes {
  readonly organizationId: string;
  readonly id?: string;
}

/** Permissions on the audit log. */
export const auditEvent = {
  permissions: {
    read: 'See who did what and when in the audit log.',
    readBody: 'Read the recorded arguments and results of an audit event.',
  },
} as const satisfies SubjectDefinition;
