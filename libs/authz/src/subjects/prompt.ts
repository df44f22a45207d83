import { inheritedFromUpstream, type SharedObject } from '../shared-object.js';
import type { SubjectDefinition } from '../subject-definition.js';

/** A prompt that an upstream offers; owner, team and visibility are the upstream's. */
export type PromptAttributes = SharedObject;

/** Permissions on prompts. */
export const prompt = {
  permissions: {
    read: 'See the definition of a prompt.',
    create: 'Add a prompt to the catalogue of an upstream.',
    update: 'Change a prompt in the catalogue.',
    delete: 'Remove a prompt from the catalogue.',
    execute: 'List and get a prompt over MCP.',
  },
  where: inheritedFromUpstream,
} as const satisfies SubjectDefinition;
