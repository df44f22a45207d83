import { capabilityMask, type RequiredClientCapabilities } from '#contracts';
import type { ObjectRow } from './catalog-rows.js';
import { parseUriTemplate, type UriTemplate } from './uri-template.js';

/** A tool, prompt, resource or template of one upstream, ready to be exposed somewhere. */
export interface CatalogObject {
  readonly row: ObjectRow;
  /** Tells URIs of a resource template; null for other kinds and for templates that cannot be read. */
  readonly template: UriTemplate | null;
  /** The clients that it is there for, as bits (contracts, isOffered); almost always empty: all of them. */
  readonly requires: readonly number[];
}

/** @returns null when the definition is not a JSON object: one bad row must not break a whole list */
export function compileObject(row: ObjectRow): CatalogObject | null {
  if (!isJsonObject(row.definition)) return null;
  const template = row.kind === 'RESOURCE_TEMPLATE' ? parseUriTemplate(row.key) : null;
  return { row, template, requires: row.requires === '[]' ? forAll : requiredOf(row.requires) };
}

const forAll: readonly number[] = [];

const requiredOf = (text: string): readonly number[] =>
  (JSON.parse(text) as RequiredClientCapabilities).map(capabilityMask);

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
