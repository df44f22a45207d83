import { DomainError } from '#kernel';
import {
  exposeNotification,
  withoutModernMeta,
  type JsonObject,
  type JsonRpcNotification,
  type RawMessage,
} from '#mcp';
import type { Endpoint, Target } from '#snapshot';
import type { Gateway } from '../gateway.js';
import type { ConformingCall } from '../pipeline/calls.js';
import { asSeen } from '../pipeline/resolve-route.js';
import { endpointOf, principalOf } from '../pipeline/rights.js';
import { currentTarget } from './current-target.js';
import { exposeUriOf, exposureOf } from './exposure.js';

/** What a client is told of a resource. */
export interface ShownUpdate {
  readonly text: string;
  /** Those of the upstream. */
  readonly params: JsonObject | undefined;
  /** As the client knows the resource. */
  readonly uri: string;
}

/** The endpoint as its client sees it at this moment; null when it may not any more. */
function endpointNow({ clock, snapshots }: Gateway, call: ConformingCall): Endpoint | null {
  const snapshot = snapshots.current();
  try {
    const principal = principalOf(snapshot, call.tokenHash, clock.now());
    return asSeen(endpointOf(snapshot, principal, call.posted.route), call.message, call.client);
  } catch (error) {
    if (error instanceof DomainError) return null;
    throw error;
  }
}

/** The URI under which the client itself could read a sub-resource now; null when it could not, and must not hear of it. */
function readableUri(gateway: Gateway, call: ConformingCall, { upstream }: Target, uri: string): string | null {
  const endpoint = endpointNow(gateway, call);
  if (endpoint === null) return null;
  const now = currentTarget(gateway, upstream);
  const shown = exposeUriOf(endpoint, now)?.(uri) ?? uri;
  const found = endpoint.resolveResource(shown);
  // The same words may name something of another upstream here.
  const isIt = found?.upstream.enabled === true && found.upstream.id === upstream.id && found.originalName === uri;
  return isIt ? shown : null;
}

/**
 * An upstream's `notifications/resources/updated` as a client that is subscribed to a resource is told: in the words of
 * the upstream, under the URI of the endpoint. Null when it is about a sub-resource that this client may not read here.
 * @param watched what the client is subscribed to, under the name that it used
 */
export function shownUpdate(
  gateway: Gateway,
  call: ConformingCall,
  watched: Target,
  { message, text }: RawMessage<JsonRpcNotification>,
): ShownUpdate | null {
  const { params } = message;
  const original = params?.['uri'];
  if (typeof original !== 'string') return null;
  const { exposedName, originalName, upstream } = watched;
  const uri = original === originalName ? exposedName : readableUri(gateway, call, watched, original);
  if (uri === null) return null;
  // Which tool's call made a task that is named beside it is not known.
  const { exposeTask } = exposureOf(gateway.keyring, call.endpoint, call.principal, upstream, () => '');
  // Set wherever names are ours: where it is there twice, parsers do not agree which one counts.
  const exposeUri = call.endpoint.kind === 'upstream' ? null : () => uri;
  const shown = exposeNotification(text, message, { exposeUri, exposeTask });
  return { text: call.message.era === 'LEGACY' ? withoutModernMeta(shown, params) : shown, params, uri };
}
