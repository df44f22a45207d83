import { inheritedFromUpstream, type SharedObject } from '../shared-object.js';
import type { SubjectDefinition } from '../subject-definition.js';

/** A resource that an upstream offers; owner, team and visibility are the upstream's. */
export type ResourceAttributes = SharedObject;

/** Permissions on resources. */
export const resource = {
  permissions: {
    read: 'See the definition of a resource.',
    create: 'Add a resource to the catalogue of an upstream.',
    update: 'Change a resource in the catalogue.',
    delete: 'Remove a resource from the catalogue.',
    execute: 'List and read a resource over MCP.',
  },
  where: inheritedFromUpstream,
} as const satisfies SubjectDefinition;
