import type { CatalogKind, Era } from '#contracts';
import { isObject, type JsonObject } from '../envelope/messages.js';
import { rewriteObject } from '../json/json-text.js';

/** How one object is shown on an endpoint; null leaves the upstream's. */
export interface Exposure {
  /** The name, URI or URI template. */
  readonly key: string | null;
  readonly description: string | null;
}

const keyMember: Readonly<Record<CatalogKind, string>> = {
  TOOL: 'name',
  PROMPT: 'name',
  RESOURCE: 'uri',
  RESOURCE_TEMPLATE: 'uriTemplate',
};

function eraChanges(kind: CatalogKind, value: JsonObject, era: Era): Record<string, null> {
  if (kind !== 'TOOL') return {};
  // Core tasks are gone from 2026-07-28, and its schema of a tool has no room for them.
  if (era === 'MODERN') return 'execution' in value ? { execution: null } : {};
  // One output schema that is no object makes legacy clients reject the whole list.
  const { outputSchema } = value;
  return outputSchema !== undefined && !(isObject(outputSchema) && outputSchema['type'] === 'object')
    ? { outputSchema: null }
    : {};
}

/**
 * The definition of a catalogue object as clients of one era see it on one endpoint: renamed, described anew, without
 * what their schemas refuse; everything else keeps the upstream's exact text.
 */
export function exposeDefinition(
  kind: CatalogKind,
  definition: string,
  value: JsonObject,
  era: Era,
  exposure: Exposure,
): string {
  const changes: Record<string, string | null> = eraChanges(kind, value, era);
  if (exposure.key !== null) changes[keyMember[kind]] = JSON.stringify(exposure.key);
  if (exposure.description !== null) changes['description'] = JSON.stringify(exposure.description);
  return Object.keys(changes).length === 0 ? definition : rewriteObject(definition, changes);
}
