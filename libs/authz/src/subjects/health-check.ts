import type { SharedObject } from '../shared-object.js';
import type { SubjectDefinition } from '../subject-definition.js';

/** One probe of an upstream; who may see the upstream may see its probes. */
export type HealthCheckAttributes = SharedObject;

/** Permissions on health checks. */
export const healthCheck = {
  permissions: { read: 'See the history of health checks of an upstream.' },
  where: {
    ownerId: ['upstreamId', 'ownerId'],
    teamId: ['upstreamId', 'teamId'],
    visibility: ['upstreamId', 'visibility'],
  },
} as const satisfies SubjectDefinition;
