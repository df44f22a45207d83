import type { ObjectRow } from './catalog-rows.js';
import { parseUriTemplate, type UriTemplate } from './uri-template.js';

/** A tool, prompt, resource or template of one upstream, ready to be exposed somewhere. */
export interface CatalogObject {
  readonly row: ObjectRow;
  /** Tells URIs of a resource template; null for other kinds and for templates that cannot be read. */
  readonly template: UriTemplate | null;
}

/** @returns null when the definition is not a JSON object: one bad row must not break a whole list */
export function compileObject(row: ObjectRow): CatalogObject | null {
  if (!isJsonObject(row.definition)) return null;
  return { row, template: row.kind === 'RESOURCE_TEMPLATE' ? parseUriTemplate(row.key) : null };
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
