import { aggregatedUri, originalUri } from '#contracts';
import type { Keyring } from '#crypto';
import type { NameExposure, NameReversal } from '#mcp';
import type { Endpoint, Principal, UpstreamTarget } from '#snapshot';
import { exposeTaskId, openTaskId } from './task-ids.js';

const prefixed = new WeakMap<Endpoint, boolean>();

/** Whether the endpoint shows resources under a prefix; looked up once for as long as the snapshot keeps the endpoint. */
function showsPrefixes(endpoint: Endpoint): boolean {
  const known = prefixed.get(endpoint);
  if (known !== undefined) return known;
  const differs = ({ exposedName, originalName }: { exposedName: string; originalName: string }) =>
    exposedName !== originalName;
  const answer = [...endpoint.resources.values()].some(differs) || endpoint.resourceTemplates.some(differs);
  prefixed.set(endpoint, answer);
  return answer;
}

/** How resource URIs are spelled on this endpoint, so that a client can follow them here; null: as they are. */
export function exposeUriOf(endpoint: Endpoint, { slug }: Pick<UpstreamTarget, 'slug'>): NameExposure['exposeUri'] {
  if (endpoint.kind === 'aggregate') return (uri) => aggregatedUri(slug, uri);
  if (endpoint.kind === 'upstream' || !showsPrefixes(endpoint)) return null;
  return (uri) => {
    const shown = aggregatedUri(slug, uri);
    return endpoint.resolveResource(shown) === null ? uri : shown;
  };
}

/**
 * How names of an upstream are shown to one caller of an endpoint; a pass-through changes nothing.
 * @param toolOf the id of the tool whose call made a task
 */
export const exposureOf = (
  keyring: Keyring,
  endpoint: Endpoint,
  { tokenId }: Principal,
  upstream: UpstreamTarget,
  toolOf: (taskId: string) => string,
): NameExposure => ({
  exposeUri: exposeUriOf(endpoint, upstream),
  exposeTask:
    endpoint.kind === 'upstream'
      ? null
      : (taskId) => exposeTaskId(keyring, tokenId, { upstreamId: upstream.id, toolId: toolOf(taskId), taskId }),
});

/** The names of an upstream in both directions. */
export type ServerNames = NameExposure & NameReversal;

/** Everything is called as the upstream calls it. */
export const namesUnchanged: ServerNames = {
  exposeUri: null,
  exposeTask: null,
  originalUri: null,
  originalTask: null,
};

/** {@link exposureOf}, and the way back for what the caller sends to the upstream within a conversation. */
export function serverNamesOf(...given: Parameters<typeof exposureOf>): ServerNames {
  const [keyring, endpoint, { tokenId }, upstream] = given;
  if (endpoint.kind === 'upstream') return namesUnchanged;
  const exposure = exposureOf(...given);
  const { exposeUri } = exposure;
  return {
    ...exposure,
    originalUri:
      exposeUri === null
        ? null
        : (uri) => {
            const original = originalUri(upstream.slug, uri);
            return original !== null && exposeUri(original) === uri ? original : uri;
          },
    originalTask: (taskId) => {
      const place = openTaskId(keyring, tokenId, taskId);
      return place?.upstreamId === upstream.id ? place.taskId : taskId;
    },
  };
}
