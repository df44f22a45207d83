import type { SharedObject } from '../shared-object.js';
import type { SubjectDefinition } from '../subject-definition.js';

/** A registered MCP server. */
export type UpstreamAttributes = SharedObject;

/** Permissions on upstreams. Checking and syncing one is `update`. */
export const upstream = {
  permissions: {
    read: 'See an upstream and its health, never its credential.',
    create: 'Register an upstream.',
    update: 'Change, check or sync an upstream.',
    delete: 'Remove an upstream with its catalogue.',
    execute: 'Reach an upstream through the gateway.',
    spawn: 'Let an upstream run a command of the operator’s allow list.',
    passThrough: 'Use an upstream untouched at /upstreams/{slug}/mcp.',
  },
} as const satisfies SubjectDefinition;
