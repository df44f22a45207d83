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
import { namesUnchanged, serverNamesOf } from './exposure.js';
import { LinkMessages } from './link-messages.js';
import { bindLinks, joinLink } from './session-links.js';
import { TokenTraffic, type TrafficView } from './token-traffic.js';

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

/** One token whose clients can do the same. */
const tokenKey = (tokenId: string, capabilities: JsonObject): string =>
  isEmpty(capabilities) ? tokenId : `${tokenId} ${sha256Hex(JSON.stringify(capabilities)).slice(0, 32)}`;

/** Whoever may share a link has the same key: one session; else one token whose clients can do the same. */
const keyOf = (session: ClientSession | null, tokenId: string, capabilities: JsonObject): string =>
  session === null ? tokenKey(tokenId, capabilities) : session.id;

/** What sessions of one token share of each upstream that is a process. */
const traffics = new WeakMap<LinkEntry, TokenTraffic>();

/** The one for whom a call needs a link to its upstream. */
class CallOwner implements LinkOwner {
  readonly key: string;
  readonly tokenId: string;
  readonly userId: string;
  readonly claim: string;
  readonly #capabilities: JsonObject;

  constructor(
    private readonly gateway: Gateway,
    private readonly call: ConformingCall,
    private readonly upstream: UpstreamTarget,
    readonly spoken: SpokenEra,
  ) {
    const { client, posted, principal } = call;
    const { session } = client;
    // A modern upstream is told in every request what its client can do.
    const capabilities = spoken.era === 'MODERN' ? none : capabilitiesOf(call, spoken);
    this.#capabilities = capabilities;
    this.tokenId = principal.tokenId;
    this.userId = principal.userId;
    this.claim = posted.route.path;
    this.key = this.#isProcess ? this.#processKey() : keyOf(session, principal.tokenId, capabilities);
  }

  /** Asked for when the link is opened only. */
  get client(): LinkOwner['client'] {
    const { session } = this.call.client;
    const capabilities = this.#capabilities;
    const own = { ...this.gateway.serverInfo };
    if (session === null) return { info: own, capabilities };
    return { info: session.clientInfo ?? own, capabilities, protocolVersion: session.protocolVersion };
  }

  recheck(): () => unknown {
    const { call, gateway, upstream } = this;
    return recheckOf(linkClaimOf(call, upstream.id), gateway.snapshots, gateway.clock);
  }

  unsolicited(entry: LinkEntry): ServerMessages {
    const { call, gateway, upstream } = this;
    const { config, syncRequests } = gateway;
    const { inputTimeout } = config.gateway;
    const listChanged = () => syncRequests.changed(upstream);
    const { session } = call.client;
    if (session !== null) bindLinks(gateway, session);
    if (!this.#isProcess)
      return new LinkMessages(entry, {
        ...this.#view(entry),
        shared: false,
        inputTimeoutMs: inputTimeout,
        listChanged,
      });
    const traffic = new TokenTraffic(this.#view(entry), inputTimeout, listChanged);
    traffics.set(entry, traffic);
    return new LinkMessages(entry, traffic);
  }

  leased(entry: LinkEntry): void {
    const { session } = this.call.client;
    const traffic = session === null ? undefined : traffics.get(entry);
    if (session === null || traffic === undefined) return;
    traffic.use(this.#view(entry));
    joinLink(this.gateway, session, entry, traffic);
  }

  /** One process serves a principal (ARCHITECTURE.md §4.14), not each of its sessions. */
  get #isProcess(): boolean {
    return this.upstream.transport === 'STDIO';
  }

  /** Within a process, whoever was introduced alike: what was said at `initialize` holds as long as the process. */
  #processKey(): string {
    const { capabilities, protocolVersion } = this.client;
    const version = this.spoken.era === 'MODERN' ? '' : (protocolVersion ?? '');
    return `process ${version} ${tokenKey(this.tokenId, capabilities)}`;
  }

  #view(entry: LinkEntry): TrafficView {
    const { call, gateway, upstream } = this;
    const { client, endpoint, principal } = call;
    return {
      session: client.session,
      exposure: serverNamesOf(gateway.keyring, endpoint, principal, upstream, (taskId) => entry.toolOf(taskId) ?? ''),
      passThrough: endpoint.kind === 'upstream',
    };
  }
}

/** Whether all principals use one process of the upstream. */
export const isShared = ({ transport, shared }: UpstreamTarget): boolean => transport === 'STDIO' && shared;

/** The owner of the one process that all principals share: nobody, so it can ask nobody anything. */
export function sharedOwnerOf(gateway: Gateway, upstream: UpstreamTarget): LinkOwner {
  const { config, serverInfo, syncRequests } = gateway;
  return {
    key: sharedOwner,
    claim: sharedOwner,
    client: { info: { ...serverInfo }, capabilities: none },
    recheck: () => () => null,
    unsolicited: (entry) =>
      new LinkMessages(entry, {
        session: null,
        exposure: namesUnchanged,
        passThrough: false,
        shared: true,
        inputTimeoutMs: config.gateway.inputTimeout,
        listChanged: () => syncRequests.changed(upstream),
      }),
  };
}

/** See {@link LinkOwner}. */
export const linkOwnerOf = (
  gateway: Gateway,
  call: ConformingCall,
  upstream: UpstreamTarget,
  spoken: SpokenEra,
): LinkOwner =>
  isShared(upstream) ? sharedOwnerOf(gateway, upstream) : new CallOwner(gateway, call, upstream, spoken);

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
