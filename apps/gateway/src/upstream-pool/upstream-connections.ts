import type { Config } from '#config';
import type { Era } from '#contracts';
import { openSecret, type Keyring } from '#crypto';
import { DomainError } from '#kernel';
import {
  checkHealth,
  createModernLink,
  createStdioConnection,
  createUpstreamConnection,
  LATEST_MODERN_VERSION,
  openLink,
  openLinkInEra,
  type Implementation,
  type LinkOptions,
  type StdioChildren,
  type UpstreamConnection,
  type UpstreamLink,
} from '#mcp';
import type { UpstreamPools } from '#outbound';
import type { UpstreamTarget } from '#snapshot';
import type { LinkOpener, SpokenEra } from './link-opener.js';

/** What connections are made with. */
export interface ConnectionParts {
  readonly config: Config;
  readonly keyring: Keyring;
  readonly pools: UpstreamPools;
  readonly children: StdioChildren;
  /** How Gatehouse introduces itself. */
  readonly clientInfo: Implementation;
}

const refusals = new Set(['UPSTREAM_NOT_MCP', 'UPSTREAM_NOT_JSON', 'UPSTREAM_UNSUPPORTED_VERSION']);
const isRefusal = (error: unknown): boolean => error instanceof DomainError && refusals.has(error.code);

/** What is prepared once per upstream and configuration: its address, its opened credential, its era. */
export class UpstreamConnections implements LinkOpener {
  // Keyed by the snapshot's own objects: a changed upstream is another object, and the old entry goes with the old one.
  readonly #connections = new WeakMap<UpstreamTarget, UpstreamConnection>();
  readonly #eras = new WeakMap<UpstreamTarget, Promise<SpokenEra>>();
  readonly #legacyToo = new WeakMap<UpstreamTarget, SpokenEra | Promise<SpokenEra>>();

  constructor(private readonly parts: ConnectionParts) {}

  /** How to reach an upstream. Throws UPSTREAM_CREDENTIAL_UNREADABLE when its credential cannot be opened. */
  connectionOf(target: UpstreamTarget): UpstreamConnection {
    let connection = this.#connections.get(target);
    if (connection === undefined) {
      connection = this.#prepare(target);
      this.#connections.set(target, connection);
    }
    return connection;
  }

  /** What an upstream speaks: as set, as the worker found out, else asked once now. A failed question is asked again next time. */
  eraOf(target: UpstreamTarget): SpokenEra | Promise<SpokenEra> {
    const { era, protocolVersion } = target;
    if (era !== null) return { era, protocolVersion };
    let asked = this.#eras.get(target);
    if (asked === undefined) {
      asked = checkHealth(this.connectionOf(target), null);
      this.#eras.set(target, asked);
      asked.catch(() => this.#eras.delete(target));
    }
    return asked;
  }

  stateless(target: UpstreamTarget, { protocolVersion }: SpokenEra): UpstreamLink {
    return createModernLink(this.connectionOf(target), protocolVersion ?? LATEST_MODERN_VERSION);
  }

  eraFor(target: UpstreamTarget, clientEra: Era): SpokenEra | Promise<SpokenEra> {
    const usual = this.eraOf(target);
    const isSettled = target.protocolEra !== null || target.transport !== 'STREAMABLE_HTTP';
    if (clientEra === 'MODERN' || isSettled) return usual;
    if (!(usual instanceof Promise) && usual.era === 'LEGACY') return usual;
    let found = this.#legacyToo.get(target);
    if (found === undefined) {
      found = this.#findLegacy(target);
      this.#legacyToo.set(target, found);
    }
    return found;
  }

  async open(target: UpstreamTarget, options: LinkOptions, spoken?: SpokenEra): Promise<UpstreamLink> {
    const connection = this.connectionOf(target);
    // Says in clear words that the upstream knows no sessions; a modern one would have to be asked for that.
    if (target.protocolEra === 'LEGACY') return openLinkInEra(connection, 'LEGACY', options);
    const isSet = target.protocolEra !== null;
    return openLink(connection, isSet ? await this.eraOf(target) : (spoken ?? (await this.eraOf(target))), options);
  }

  /** Whether an upstream of the modern era opens legacy sessions as well; what is found out is asked once. */
  async #findLegacy(target: UpstreamTarget): Promise<SpokenEra> {
    const usual = await this.eraOf(target);
    if (usual.era === 'LEGACY') return usual;
    const keep = (spoken: SpokenEra): SpokenEra => {
      this.#legacyToo.set(target, spoken);
      return spoken;
    };
    try {
      const own = { client: { info: this.parts.clientInfo, capabilities: {} } };
      const link = await openLink(this.connectionOf(target), { era: 'LEGACY', protocolVersion: null }, own);
      await link.close();
      return keep({ era: 'LEGACY', protocolVersion: link.identity.protocolVersion });
    } catch (error) {
      // A refusal in words is an answer; a broken connection says nothing, so the next client asks again.
      if (isRefusal(error)) return keep(usual);
      this.#legacyToo.delete(target);
      return usual;
    }
  }

  #prepare(target: UpstreamTarget): UpstreamConnection {
    const { children, clientInfo, config, pools } = this.parts;
    const { command, id, slug, transport, url } = target;
    const common = {
      name: slug,
      key: id,
      clientInfo,
      timeoutMs: target.requestTimeoutMs ?? config.outbound.requestTimeout,
      maxRequestMs: target.maxRequestMs ?? config.outbound.maxRequest,
      maxBytes: config.outbound.maxResponse,
    };
    if (transport === 'STDIO' || url === null)
      return createStdioConnection({ ...common, command, commands: config.stdio.commands, children });
    return createUpstreamConnection({
      ...common,
      url,
      transport,
      pools,
      connectTimeoutMs: target.connectTimeoutMs ?? undefined,
      headersTimeoutMs: target.headersTimeoutMs ?? config.outbound.headersTimeout,
      headers: target.headers,
      credential: this.#credentialOf(target),
    });
  }

  #credentialOf({ id, organizationId, slug, authHeader, authSecret }: UpstreamTarget): Record<string, string> {
    if (authSecret === null) return {};
    try {
      const secret = openSecret(this.parts.keyring, authSecret, `${organizationId}:${id}`);
      return { [authHeader ?? 'authorization']: secret };
    } catch (cause) {
      throw new DomainError(
        'UPSTREAM_CREDENTIAL_UNREADABLE',
        `The credential for upstream "${slug}" cannot be read. Set GATEHOUSE_MASTER_KEY (or _FILE) to the original key, or set the credential of the upstream again.`,
        { details: { upstream: slug }, cause },
      );
    }
  }
}
