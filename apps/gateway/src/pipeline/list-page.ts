import type { CatalogKind, Era } from '#contracts';
import { openValue, sealValue } from '#crypto';
import {
  exposeAppUri,
  exposeDefinition,
  listBeginning,
  listEnd,
  toShare,
  withEnd,
  type JsonObject,
  type SharedText,
} from '#mcp';
import { byPlace, placeOf, type Endpoint, type ListPlace, type Target } from '#snapshot';
import type { Gateway } from '../gateway.js';
import { exposeUriOf } from '../relay/exposure.js';
import { invalidParams } from './call-error.js';
import type { LocalCall } from './calls.js';
import { declaredBy } from './resolve-route.js';

/** Nothing is promised about freshness: rights may be taken away at any moment. */
const ttlMs = 0;

interface Prepared {
  readonly items: readonly string[];
  /** The beginning of the result that is the first page, and in most lists the only one. */
  first: { readonly pageSize: number; readonly text: Buffer | string } | null;
}

const prepared: Record<Era, WeakMap<readonly string[], Prepared>> = { LEGACY: new WeakMap(), MODERN: new WeakMap() };
const noOverrides = { key: null, description: null };

const listedOf = ({ listed }: Endpoint, kind: CatalogKind): readonly string[] => {
  if (kind === 'TOOL') return listed.tools;
  if (kind === 'PROMPT') return listed.prompts;
  return kind === 'RESOURCE' ? listed.resources : listed.resourceTemplates;
};

/** The objects of a list, in its order. */
const targetsOf = (endpoint: Endpoint, kind: CatalogKind): readonly Target[] => {
  if (kind === 'TOOL') return [...endpoint.tools.values()];
  if (kind === 'PROMPT') return [...endpoint.prompts.values()];
  if (kind === 'RESOURCE') return [...endpoint.resources.values()];
  return endpoint.resourceTemplates;
};

/** The tools of a list as clients of an era see them; where a tool shows a page (MCP Apps), under the endpoint's URI. */
function fitTools(endpoint: Endpoint, texts: readonly string[], era: Era): readonly string[] {
  const targets = [...endpoint.tools.values()];
  return texts.map((text, index) => {
    const value = JSON.parse(text) as JsonObject;
    const upstream = targets[index]?.upstream;
    const exposeUri = upstream === undefined ? null : exposeUriOf(endpoint, upstream);
    const shown = exposeUri === null ? text : exposeAppUri(text, value, exposeUri);
    return exposeDefinition('TOOL', shown, value, era, noOverrides);
  });
}

/** A list as clients of an era see it; made once for as long as the snapshot keeps the list. */
function prepare(endpoint: Endpoint, kind: CatalogKind, era: Era): Prepared {
  const texts = listedOf(endpoint, kind);
  let found = prepared[era].get(texts);
  if (found === undefined) {
    found = { items: kind === 'TOOL' ? fitTools(endpoint, texts, era) : texts, first: null };
    prepared[era].set(texts, found);
  }
  return found;
}

/** What is told of upstreams that are not well: their last good lists stay, but calls may fail. */
function unwellMeta({ kind, upstreams }: Endpoint): JsonObject | null {
  if (kind === 'upstream') return null;
  const unwell = upstreams.filter(({ health }) => health === 'UNHEALTHY');
  if (unwell.length === 0) return null;
  return {
    'dev.gatehouse/upstreams': unwell.map(({ slug, healthCode }) => ({
      upstream: slug,
      outcome: healthCode ?? 'UNHEALTHY',
    })),
  };
}

/** To whom and to which list a cursor belongs; clients that have declared different things see different lists. */
const scopeOf = ({ principal, endpoint, message, client }: LocalCall, kind: CatalogKind): string =>
  [principal.tokenId, endpoint.kind, endpoint.subjectId ?? '', kind, declaredBy(message, client)].join(' ');

/** What a cursor says: the page before ended at this place of its list. */
type Cursor = readonly [scope: string, ...lastPlace: ListPlace];

/** A cursor for the page that begins with this object of a list; null behind its end. */
function cursorAt({ keyring, clock }: Gateway, call: LocalCall, kind: CatalogKind, index: number): string | null {
  const targets = targetsOf(call.endpoint, kind);
  const last = targets[index - 1];
  if (last === undefined || index >= targets.length) return null;
  const cursor: Cursor = [scopeOf(call, kind), ...placeOf(call.endpoint, last)];
  return sealValue(keyring, 'cursors', cursor, { clock });
}

/**
 * Where a page begins: with the first object behind the place where the last one ended, whether or not anything still
 * stands there. Lists have one order, so a walk tells what is there all the time exactly once, whatever comes and goes.
 */
function startOf({ keyring, clock }: Gateway, call: LocalCall, kind: CatalogKind, cursor: unknown): number {
  const opened = openValue(keyring, 'cursors', cursor, { clock });
  if (!Array.isArray(opened) || opened[0] !== scopeOf(call, kind)) throw invalidParams('the cursor is not one of ours');
  const [, ...lastPlace] = opened as unknown as Cursor;
  const targets = targetsOf(call.endpoint, kind);
  const at = targets.findIndex((target) => byPlace(placeOf(call.endpoint, target), lastPlace) > 0);
  return at === -1 ? targets.length : at;
}

/** How the first page begins. It is kept: encoding hundreds of tools anew would cost far more than all else about it. */
function firstPage(list: Prepared, kind: CatalogKind, pageSize: number): Buffer | string {
  if (list.first?.pageSize !== pageSize)
    list.first = { pageSize, text: toShare(listBeginning(kind, list.items.slice(0, pageSize))) };
  return list.first.text;
}

/** The result of a list method: one page of what the principal sees on the endpoint, in the snapshot's order. */
export function listPage(gateway: Gateway, call: LocalCall, kind: CatalogKind): SharedText | string {
  const { config, serverInfo } = gateway;
  const { era, received } = call.message;
  const { pageSize } = config.gateway;
  const list = prepare(call.endpoint, kind, era);
  const cursor = received.message.params?.['cursor'];
  const start = cursor === undefined ? 0 : startOf(gateway, call, kind, cursor);
  const end = start + pageSize;
  const beginning = start === 0 ? firstPage(list, kind, pageSize) : listBeginning(kind, list.items.slice(start, end));
  const nextCursor = end < list.items.length ? cursorAt(gateway, call, kind, end) : null;
  return withEnd(beginning, listEnd({ era, nextCursor, ttlMs, serverInfo, meta: unwellMeta(call.endpoint) }));
}
