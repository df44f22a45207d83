import { inheritedFromUpstream, type SharedObject } from '../shared-object.js';
import type { SubjectDefinition } from '../subject-definition.js';

/** A tool that an upstream offers; owner, team and visibility are the upstream's. */
export type ToolAttributes = SharedObject;

/** Permissions on tools. */
export const tool = {
  permissions: {
    read: 'See the definition of a tool.',
    create: 'Add a tool to the catalogue of an upstream.',
    update: 'Change a tool in the catalogue.',
    delete: 'Remove a tool from the catalogue.',
    execute: 'List and call a tool over MCP.',
  },
  where: inheritedFromUpstream,
} as const satisfies SubjectDefinition;
