import type { SharedObject } from '../shared-object.js';
import type { SubjectDefinition } from '../subject-definition.js';

/** A composed MCP endpoint; its entries are part of it. */
export type VirtualServerAttributes = SharedObject;

/** Permissions on virtual servers. */
export const virtualServer = {
  permissions: {
    read: 'See a virtual server and its entries.',
    create: 'Compose a virtual server.',
    update: 'Change a virtual server or its entries.',
    delete: 'Delete a virtual server.',
    execute: 'Connect to a virtual server at /servers/{slug}/mcp.',
  },
} as const satisfies SubjectDefinition;
