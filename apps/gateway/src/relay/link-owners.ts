import { sha256Hex } from '#crypto';
import { relayedCapabilities, type JsonObject, type ServerMessages } from '#mcp';
import type { UpstreamTarget } from '#snapshot';
import type { Gateway } from '../gateway.js';
import type { ConformingCall } from '../pipeline/calls.js';
import { linkClaimOf, recheckOf } from '../pipeline/claim.js';
import type { ClientSession } from '../sessions/client-session.js';
import type { LinkEntry } from '../upstream-pool/link-entry.js';
import type { SpokenEra } from '../upstream-pool/link-opener.js';
import { sharedOwner, type LinkOwner } from '../upstream-pool/upstream-links.js';
import { exposureOf } from './exposure.js';
import { LinkMessages } from './link-messages.js';
import { bindLinks } from './session-links.js';

const none: JsonObject = {};

/** What an upstream is told that the client can do: nothing where it could not be asked. */
function capabilitiesOf(call: ConformingCall, { era }: SpokenEra): JsonObject {
  const { client, endpoint, message } = call;
  const { session } = client;
  if (message.era === 'MODERN') return relayedCapabilities(client.capabilities, 'MODERN', era);
  if (session === null) return none;
  // A pass-through changes nothing, so it claims whatever the client claims.
  if (endpoint.kind === 'upstream' && era === 'LEGACY') return session.capabilities;
  return relayedCapabilities(session.capabilities, 'LEGACY', era);
}

const isEmpty = (object: JsonObject): boolean => {
  for (const _ in object) return false;
  return true;
};

/** Whoever may share a link has the same key: one session; else one token whose clients can do the same. */
function keyOf(session: ClientSession | null, tokenId: string, capabilities: JsonObject): string {
  if (session !== null) return session.id;
  return isEmpty(capabilities) ? tokenId : `${tokenId} ${sha256Hex(JSON.stringify(capabilities)).slice(0, 32)}`;
}

/** The one for whom a call needs a link to its upstream. */
class CallOwner implements LinkOwner {
  readonly key: string;
  readonly claim: string;
  readonly client: LinkOwner['client'];

  constructor(
    private readonly gateway: Gateway,
    private readonly call: ConformingCall,
    private readonly upstream: UpstreamTarget,
    readonly spoken: SpokenEra,
  ) {
    const { client, posted, principal } = call;
    const { session } = client;
    const isShared = upstream.transport === 'STDIO' && upstream.shared;
    // A modern upstream is told in every request what its client can do.
    const capabilities = isShared || spoken.era === 'MODERN' ? none : capabilitiesOf(call, spoken);
    this.key = isShared ? sharedOwner : keyOf(session, principal.tokenId, capabilities);
    this.claim = isShared ? sharedOwner : posted.route.path;
    const own = { ...gateway.serverInfo };
    this.client =
      isShared || session === null
        ? { info: own, capabilities }
        : { info: session.clientInfo ?? own, capabilities, protocolVersion: session.protocolVersion };
  }

  recheck(): () => unknown {
    const { call, gateway, upstream } = this;
    if (this.key === sharedOwner) return () => null;
    return recheckOf(linkClaimOf(call, upstream.id), gateway.snapshots, gateway.clock);
  }

  unsolicited(entry: LinkEntry): ServerMessages {
    const { call, gateway, upstream } = this;
    const { config, keyring, syncRequests } = gateway;
    const { endpoint, principal } = call;
    const isShared = this.key === sharedOwner;
    if (!isShared && call.client.session !== null) bindLinks(gateway, call.client.session);
    return new LinkMessages(entry, {
      session: isShared ? null : call.client.session,
      exposure: exposureOf(keyring, endpoint, principal, upstream),
      passThrough: !isShared && endpoint.kind === 'upstream',
      shared: isShared,
      inputTimeoutMs: config.gateway.inputTimeout,
      listChanged: () => syncRequests.changed(upstream),
    });
  }
}

/** See {@link LinkOwner}. */
export const linkOwnerOf = (
  gateway: Gateway,
  call: ConformingCall,
  upstream: UpstreamTarget,
  spoken: SpokenEra,
): LinkOwner => new CallOwner(gateway, call, upstream, spoken);

/** What the envelope of a request to a modern upstream says about a legacy client. */
export function legacyClientOf(gateway: Gateway, call: ConformingCall, spoken: SpokenEra) {
  const { client } = call;
  const { session } = client;
  const info = session?.clientInfo ?? { ...gateway.serverInfo };
  if (session === null) return { info, capabilities: none, logLevel: client.logLevel };
  const { extensions, ...askable } = relayedCapabilities(session.capabilities, 'LEGACY', spoken.era);
  const declared = extensions === undefined ? none : { extensions };
  return { info, capabilities: client.canAsk ? { ...askable, ...declared } : declared, logLevel: client.logLevel };
}
