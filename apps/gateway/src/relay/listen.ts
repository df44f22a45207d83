import { isObject, jsonRpcResult, META, withSubscriptionId, type JsonObject, type JsonRpcId } from '#mcp';
import type { Endpoint, Target } from '#snapshot';
import { acceptsEventStream } from '../http/accepts-event-stream.js';
import type { Gateway } from '../gateway.js';
import { CallError, invalidParams } from '../pipeline/call-error.js';
import type { Answer, ConformingCall } from '../pipeline/calls.js';
import { linkClaimOf, recheckOf } from '../pipeline/claim.js';
import { ownUpstream } from './endpoint-upstreams.js';
import { hearLists } from './hear-lists.js';
import { levelTeller } from './level-teller.js';
import { linkOwnerOf } from './link-owners.js';
import { listChangedText, listKinds, type ListKind } from './list-kinds.js';
import { keepWatching } from './watch-resource.js';

/** What a client wants to hear of (2026-07-28, Subscriptions), as far as it may. */
interface Honoured {
  readonly kinds: ReadonlySet<ListKind>;
  /** By the URI that the client used. */
  readonly resources: ReadonlyMap<string, Target>;
}

const filterKey = (kind: ListKind): string => `${kind}ListChanged`;

function subscribable({ upstreams }: Endpoint, { upstream }: Target): boolean {
  const offered = upstreams.find(({ id }) => id === upstream.id)?.capabilities['resources'];
  return upstream.enabled && isObject(offered) && offered['subscribe'] === true;
}

/** What of the filter can be honoured; resources that the caller may not read are left out without a word. */
function honouredOf(endpoint: Endpoint, params: JsonObject | undefined, max: number): Honoured {
  const filter = params?.['notifications'];
  if (!isObject(filter)) throw invalidParams('"notifications" must be an object');
  const kinds = new Set(listKinds.filter((kind) => filter[filterKey(kind)] === true));
  const resources = new Map<string, Target>();
  const uris = filter['resourceSubscriptions'] ?? [];
  if (!Array.isArray(uris) || uris.some((uri) => typeof uri !== 'string'))
    throw invalidParams('"notifications.resourceSubscriptions" must be a list of URIs');
  if (uris.length > max) throw invalidParams(`"notifications.resourceSubscriptions" may have ${max} entries`);
  for (const uri of uris as string[]) {
    const target = endpoint.resolveResource(uri);
    if (target !== null && subscribable(endpoint, target)) resources.set(uri, target);
  }
  return { kinds, resources };
}

const acknowledgement = ({ kinds, resources }: Honoured): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: {
      notifications: {
        ...Object.fromEntries([...kinds].map((kind) => [filterKey(kind), true])),
        ...(resources.size > 0 ? { resourceSubscriptions: [...resources.keys()] } : {}),
      },
    },
  });

/** Refuses (406) who asks to be told something and takes no stream: the answer would never come. */
export function requireStream({ posted }: ConformingCall): void {
  if (!acceptsEventStream(posted.request.headers.accept))
    throw new CallError('MALFORMED_REQUEST', 'Accept text/event-stream: the answer is one.', { status: 406 });
}

async function run(gateway: Gateway, call: ConformingCall, honoured: Honoured, id: JsonRpcId): Promise<void> {
  const { client, posted, tokenHash } = call;
  const level = levelTeller((text) => client.notify(text));
  const tell = (text: string, params?: JsonObject) => level(withSubscriptionId(text, params, id));
  const running = gateway.running.begin(recheckOf(linkClaimOf(call, null), gateway.snapshots, gateway.clock));
  client.onGone((reason) => running.abort(reason));
  tell(acknowledgement(honoured), {});
  const listener = {
    tokenHash,
    route: posted.route,
    listChanged: (kind: ListKind) => {
      if (honoured.kinds.has(kind)) tell(listChangedText(kind));
    },
  };
  const stops = [
    gateway.listChanges.add(listener),
    ...hearAll(gateway, call, honoured, tell),
    ...watchAll(gateway, call, honoured, tell),
  ];
  try {
    await gateway.listeners.ended(running.signal);
  } finally {
    for (const stop of stops) stop();
    running.end();
  }
}

/**
 * Serves one stream: first what is honoured, then everything that happens, marked with the id of the request. Resolves
 * when the stream ends by itself; rejects when its client leaves or its right is lost.
 */
export async function serveListen(gateway: Gateway, call: ConformingCall): Promise<Answer> {
  const { id, params } = call.message.received.message;
  const { maxListeners, maxSubscriptions } = gateway.config.gateway;
  requireStream(call);
  const honoured = honouredOf(call.endpoint, params, maxSubscriptions);
  const release = gateway.listeners.enter(call.principal.tokenId, maxListeners);
  try {
    await run(gateway, call, honoured, id);
  } finally {
    release();
  }
  return endOfListening(gateway, call);
}

/** The answer with which a stream ends in good order (2026-07-28, Subscriptions). */
export function endOfListening({ serverInfo }: Gateway, call: ConformingCall): Answer {
  const { id } = call.message.received.message;
  const meta = { [META.subscriptionId]: id, [META.serverInfo]: serverInfo };
  const body = jsonRpcResult(id, JSON.stringify({ resultType: 'complete', _meta: meta }));
  return { status: 200, body, outcome: 'ALLOWED', reason: null };
}

/** On a pass-through to a legacy upstream: what it says about its lists, in its own words. */
function hearAll(
  gateway: Gateway,
  call: ConformingCall,
  { kinds }: Honoured,
  tell: (text: string, params?: JsonObject) => void,
): (() => void)[] {
  const upstream = ownUpstream(call.endpoint);
  if (upstream === null || upstream.era === 'MODERN' || kinds.size === 0) return [];
  const owner = linkOwnerOf(gateway, call, upstream, { era: 'LEGACY', protocolVersion: upstream.protocolVersion });
  const hear = hearLists(gateway, upstream, owner, ({ message, text }) => {
    const kind = listKinds.find((one) => message.method === `notifications/${one}/list_changed`);
    if (kind !== undefined && kinds.has(kind)) tell(text, message.params);
  });
  return [hear];
}

/** Subscribes to every honoured resource at its upstream. */
function watchAll(
  gateway: Gateway,
  call: ConformingCall,
  { resources }: Honoured,
  tell: (text: string) => void,
): (() => void)[] {
  return [...resources].map(([uri, { originalName, upstream }]) => {
    const text = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri } });
    const spoken = { era: upstream.era ?? 'LEGACY', protocolVersion: upstream.protocolVersion } as const;
    const owner = linkOwnerOf(gateway, call, upstream, spoken);
    const stopWatching = keepWatching(gateway, { upstream, owner, uri: originalName, onUpdate: () => tell(text) });
    // The resource may be taken away while the rest stays.
    const claim = { ...linkClaimOf(call, upstream.id), object: { rule: readRule, name: uri } };
    const run = gateway.running.begin(recheckOf(claim, gateway.snapshots, gateway.clock));
    run.signal.addEventListener('abort', stopWatching, { once: true });
    return () => {
      run.end();
      stopWatching();
    };
  });
}

const readRule = { kind: 'RESOURCE', action: 'execute', eras: ['MODERN'], audited: true } as const;
