import { inheritedFromUpstream, type SharedObject } from '../shared-object.js';
import type { SubjectDefinition } from '../subject-definition.js';

/** A resource template that an upstream offers; owner, team and visibility are the upstream's. */
export type ResourceTemplateAttributes = SharedObject;

/** Permissions on resource templates. */
export const resourceTemplate = {
  permissions: {
    read: 'See the definition of a resource template.',
    create: 'Add a resource template to the catalogue of an upstream.',
    update: 'Change a resource template in the catalogue.',
    delete: 'Remove a resource template from the catalogue.',
    execute: 'List a resource template over MCP and read what it describes.',
  },
  where: inheritedFromUpstream,
} as const satisfies SubjectDefinition;
