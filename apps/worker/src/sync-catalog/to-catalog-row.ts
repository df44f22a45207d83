import { fingerprintJson } from '#crypto';
import type { RequiredClientCapabilities } from '#contracts';
import type { CatalogObject } from '#mcp';
import { catalogTables, type ListName } from './catalog-lists.js';

/** One object of a catalogue as its table takes it. */
export interface CatalogRow {
  readonly key: string;
  readonly name: string;
  readonly title: string | null;
  readonly description: string | null;
  readonly mimeType: string | null;
  /** Raw, as the upstream sent it. */
  readonly definition: string;
  readonly fingerprint: string;
  /** JSON of RequiredClientCapabilities. */
  readonly requires: string;
}

/** PostgreSQL keeps no NUL, and half a surrogate pair is no text. The definition keeps both, escaped. */
const storable = (text: string): string => text.replaceAll(/[\0\ud800-\udfff]/gu, '\ufffd');

const clipped = (text: string, length: number): string => storable(text.slice(0, length));

/** Makes a row of an object, or says why it cannot be stored; one bad object never costs the rest of its list. */
export function toCatalogRow(
  list: ListName,
  object: CatalogObject,
  requires: RequiredClientCapabilities = [],
): CatalogRow | string {
  const { key, title, description, mimeType, definition, value } = object;
  const { key: column, keyFits, keyLimit } = catalogTables[list];
  const leftOut = (problem: string): string => `${list}: ${clipped(key, 80)} is left out: ${problem}`;
  if (key.includes('\0')) return leftOut(`its ${column} holds a NUL character`);
  if (!keyFits(key)) return leftOut(`its ${column} is longer than ${keyLimit}`);
  const fingerprint = fingerprintOf(value);
  if (fingerprint === null) return leftOut('it holds text that is not valid Unicode');
  const name = value['name'];
  return {
    key,
    name: clipped(typeof name === 'string' ? name : key, 512),
    title: title && storable(title),
    description: description && storable(description),
    mimeType: mimeType && clipped(mimeType, 255),
    definition,
    fingerprint,
    requires: JSON.stringify(requires),
  };
}

function fingerprintOf(value: unknown): string | null {
  try {
    return fingerprintJson(value);
  } catch {
    return null;
  }
}
