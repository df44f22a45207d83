import type { CatalogKind } from '#contracts';
import { arrayElements, memberValue } from '../json/json-text.js';
import { callUpstream, type OwnCall, type UpstreamResult } from './call-upstream.js';
import { catalogLists, readCatalogObject, type CatalogObject } from './catalog-object.js';
import { UpstreamRpcError } from './refusals.js';
import { upstreamError, type UpstreamConnection } from './upstream-connection.js';
import type { JsonObject } from '../envelope/messages.js';
import type { UpstreamLink } from './upstream-link.js';

/** Bounds of a catalogue (settings `catalog.*`). */
export interface CatalogLimits {
  readonly maxPages: number;
  /** Objects of one kind. */
  readonly maxObjects: number;
  /** Bytes of one definition. */
  readonly maxDefinition: number;
  /** Bytes of all definitions together. */
  readonly maxSize: number;
}

/** Everything that an upstream offers. */
export interface UpstreamCatalog {
  readonly tools: readonly CatalogObject[];
  readonly resources: readonly CatalogObject[];
  readonly resourceTemplates: readonly CatalogObject[];
  readonly prompts: readonly CatalogObject[];
  /** One text for each object that was left out, and why. */
  readonly warnings: readonly string[];
}

interface Reading {
  readonly connection: UpstreamConnection;
  readonly link: UpstreamLink;
  readonly limits: CatalogLimits;
  readonly warnings: string[];
  readonly own: OwnCall;
  /** Bytes of the definitions read so far. */
  size: number;
}

/** One list as far as it is read. */
interface FoundList {
  readonly objects: Map<string, CatalogObject>;
  /** What is left out counts as well: each costs time and a warning. */
  listed: number;
}

const invalid = (reading: Reading, problem: string) =>
  upstreamError(
    'UPSTREAM_CATALOG_INVALID',
    reading.connection,
    `${problem}. Mend the upstream; the last good catalogue stays in use.`,
  );

async function page(reading: Reading, kind: CatalogKind, cursor: string | null): Promise<UpstreamResult | null> {
  const { method } = catalogLists[kind];
  try {
    const { connection, link, own } = reading;
    return await callUpstream(connection, link, method, cursor === null ? {} : { cursor }, own);
  } catch (error) {
    if (!(error instanceof UpstreamRpcError)) throw error;
    // Many servers with resources have no templates and say so this way.
    if (kind === 'RESOURCE_TEMPLATE' && error.body.code === -32601) return null;
    throw invalid(reading, `answered ${method} with error ${error.body.code}: ${error.body.message.slice(0, 200)}`);
  }
}

function collect(reading: Reading, kind: CatalogKind, result: UpstreamResult, found: FoundList): void {
  const { member, method } = catalogLists[kind];
  const { maxDefinition, maxObjects, maxSize } = reading.limits;
  const values = result.value[member];
  if (!Array.isArray(values)) throw invalid(reading, `answered ${method} without "${member}"`);
  found.listed += values.length;
  if (found.listed > maxObjects)
    throw invalid(reading, `lists more than ${maxObjects} ${member} (GATEHOUSE_CATALOG_MAX_OBJECTS)`);
  for (const definition of arrayElements(memberValue(result.text, member) ?? '[]')) {
    reading.size += Buffer.byteLength(definition);
    if (reading.size > maxSize)
      throw invalid(reading, `offers more than ${maxSize} bytes of definitions (GATEHOUSE_CATALOG_MAX_SIZE)`);
    const object = readCatalogObject(kind, reading.link.identity.era, definition, maxDefinition);
    const what = `${member}: ${typeof object === 'string' ? definition.slice(0, 80) : object.key}`;
    if (typeof object === 'string') reading.warnings.push(`${what} is left out: ${object}`);
    else if (found.objects.has(object.key)) reading.warnings.push(`${what} is listed twice; the first one counts`);
    else found.objects.set(object.key, object);
  }
}

async function list(reading: Reading, kind: CatalogKind): Promise<CatalogObject[]> {
  const found: FoundList = { objects: new Map(), listed: 0 };
  const seen = new Set<string>();
  const { method } = catalogLists[kind];
  let cursor: string | null = null;
  for (let pages = 0; ; pages++) {
    if (pages >= reading.limits.maxPages)
      throw invalid(
        reading,
        `has more than ${reading.limits.maxPages} pages of ${method} (GATEHOUSE_CATALOG_MAX_PAGES)`,
      );
    const result = await page(reading, kind, cursor);
    if (result === null) return [];
    collect(reading, kind, result, found);
    const next = result.value['nextCursor'];
    if (next === undefined || next === null) return [...found.objects.values()];
    if (typeof next !== 'string') throw invalid(reading, `sent a cursor of ${method} that is no string`);
    if (seen.has(next)) throw invalid(reading, `repeats a cursor of ${method}`);
    seen.add(next);
    cursor = next;
  }
}

/** See {@link OwnCall}. */
export interface CatalogCall extends OwnCall {
  /** What the upstream has announced, where the link does not know it. */
  readonly offered?: Readonly<JsonObject> | undefined;
}

/**
 * Reads everything that the upstream's capabilities announce, every page, definitions whole. Too many pages, objects or
 * bytes, a repeated cursor, a list that is none: UPSTREAM_CATALOG_INVALID. A single bad object is left out with a warning.
 */
export async function fetchCatalog(
  connection: UpstreamConnection,
  link: UpstreamLink,
  limits: CatalogLimits,
  { offered = link.identity.capabilities, ...own }: CatalogCall = {},
): Promise<UpstreamCatalog> {
  const warnings: string[] = [];
  const reading: Reading = { connection, link, limits, warnings, own, size: 0 };
  const has = (capability: string) => offered[capability] !== undefined;
  return {
    tools: has('tools') ? await list(reading, 'TOOL') : [],
    resources: has('resources') ? await list(reading, 'RESOURCE') : [],
    resourceTemplates: has('resources') ? await list(reading, 'RESOURCE_TEMPLATE') : [],
    prompts: has('prompts') ? await list(reading, 'PROMPT') : [],
    warnings,
  };
}
