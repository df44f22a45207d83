import type { z } from 'zod';
import type { CatalogKind } from '#contracts';
import type { VirtualServerEntry } from '#persistence';
import type { WantedObject } from './find-composable.js';
import type { addVirtualServerEntriesInput } from './virtual-server-entry.types.js';

type EntryInput = z.output<typeof addVirtualServerEntriesInput>['entries'][number];
type References = Pick<VirtualServerEntry, 'toolId' | 'resourceId' | 'resourceTemplateId' | 'promptId'>;

/** Which reference of an entry belongs to which kind. */
const references = {
  TOOL: 'toolId',
  RESOURCE: 'resourceId',
  RESOURCE_TEMPLATE: 'resourceTemplateId',
  PROMPT: 'promptId',
} as const satisfies Record<CatalogKind, keyof References>;

const kinds = Object.keys(references) as CatalogKind[];

/** The one object that the entry at this place of the input names; the decoder made sure that there is exactly one. */
export function targetOfInput(input: EntryInput, at: number): WantedObject {
  const kind = kinds.find((one) => input[references[one]]) ?? 'TOOL';
  return { kind, id: input[references[kind]] ?? '', field: `entries.${at}.${references[kind]}` };
}

/** The object that a stored entry exposes; a constraint of the table makes sure that there is exactly one. */
export const targetOfEntry = (entry: VirtualServerEntry): WantedObject => ({
  kind: entry.kind,
  id: entry[references[entry.kind]] ?? '',
  field: references[entry.kind],
});

/** The references of an entry that exposes this object. */
export const referenceTo = (kind: CatalogKind, id: string): References => ({
  toolId: null,
  resourceId: null,
  resourceTemplateId: null,
  promptId: null,
  [references[kind]]: id,
});
