import type { Era } from '#contracts';
import { isObject, type JsonObject } from '../envelope/messages.js';
import { rewriteObject } from '../json/json-text.js';

/** True where a client of these capabilities may be asked this by a server (2025-11-25, Capability Negotiation). */
export function mayAskClient(method: string, params: JsonObject | undefined, capabilities: JsonObject): boolean {
  const { elicitation, roots, sampling } = capabilities;
  switch (method) {
    case 'sampling/createMessage':
      if (!isObject(sampling)) return false;
      return (params?.['tools'] === undefined && params?.['toolChoice'] === undefined) || isObject(sampling['tools']);
    case 'elicitation/create':
      if (!isObject(elicitation)) return false;
      if (params?.['mode'] === 'url') return isObject(elicitation['url']);
      // `{}` has meant forms since before there were modes.
      return isObject(elicitation['form']) || !('url' in elicitation);
    case 'roots/list':
      return isObject(roots);
    default:
      return false;
  }
}

/** Requests of a server that a client can be asked in either era. */
export const askable: ReadonlySet<string> = new Set(['sampling/createMessage', 'elicitation/create', 'roots/list']);

/** The extensions of client and server that are carried through Gatehouse wherever names are changed. */
export const relayedExtensions: readonly string[] = ['io.modelcontextprotocol/ui', 'io.modelcontextprotocol/tasks'];

/** The extension under which a server may answer with a task of 2026-07-28. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/** True when client or server capabilities name an extension. */
export const hasExtension = (capabilities: Readonly<JsonObject>, key: string): boolean => {
  const { extensions } = capabilities;
  return isObject(extensions) && Object.hasOwn(extensions, key);
};

/** The extensions among capabilities that are carried through; undefined when there are none. */
export function extensionsOf(capabilities: Readonly<JsonObject>): JsonObject | undefined {
  const { extensions } = capabilities;
  if (!isObject(extensions)) return undefined;
  const kept = relayedExtensions.filter((key) => Object.hasOwn(extensions, key));
  return kept.length === 0 ? undefined : Object.fromEntries(kept.map((key) => [key, extensions[key]]));
}

/**
 * What an upstream may be told that the client can do: what Gatehouse relays, in the words of the upstream's era.
 * Modern clients have no notification that their roots changed.
 */
export function relayedCapabilities(declared: Readonly<JsonObject>, clientEra: Era, upstreamEra: Era): JsonObject {
  const { elicitation, roots, sampling } = declared;
  const extensions = extensionsOf(declared);
  const listChanged =
    clientEra === 'LEGACY' && upstreamEra === 'LEGACY' && isObject(roots) ? roots['listChanged'] : undefined;
  return {
    ...(isObject(sampling) ? { sampling } : {}),
    ...(isObject(elicitation) ? { elicitation } : {}),
    ...(isObject(roots) ? { roots: listChanged === undefined ? {} : { listChanged } } : {}),
    ...(extensions === undefined ? {} : { extensions }),
  };
}

/**
 * The parameters of a server's request as clients of the other era want them: 2026-07-28 has no `elicitationId`, which
 * 2025-11-25 demands of URLs, so one is made.
 */
export function fitServerRequest(
  method: string,
  paramsText: string,
  params: JsonObject | undefined,
  clientEra: Era,
  newElicitationId: () => string,
): string {
  if (method !== 'elicitation/create' || params?.['mode'] !== 'url') return paramsText;
  if (clientEra === 'MODERN')
    return 'elicitationId' in params ? rewriteObject(paramsText, { elicitationId: null }) : paramsText;
  return typeof params['elicitationId'] === 'string'
    ? paramsText
    : rewriteObject(paramsText, { elicitationId: JSON.stringify(newElicitationId()) });
}
