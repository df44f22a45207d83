import type { Config } from '#config';
import { openSecret, type Keyring } from '#crypto';
import {
  checkHealth,
  createModernLink,
  createStdioConnection,
  createUpstreamConnection,
  LATEST_MODERN_VERSION,
  openLink,
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

/** What is prepared once per upstream and configuration: its address, its opened credential, its era. */
export class UpstreamConnections implements LinkOpener {
  // Keyed by the snapshot's own objects: a changed upstream is another object, and the old entry goes with the old one.
  readonly #connections = new WeakMap<UpstreamTarget, UpstreamConnection>();
  readonly #eras = new WeakMap<UpstreamTarget, Promise<SpokenEra>>();

  constructor(private readonly parts: ConnectionParts) {}

  /** How to reach an upstream. Throws WRONG_MASTER_KEY or INTERNAL when its credential cannot be opened. */
  connectionOf(target: UpstreamTarget): UpstreamConnection {
    let connection = this.#connections.get(target);
    if (connection === undefined) {
      connection = this.#prepare(target);
      this.#connections.set(target, connection);
    }
    return connection;
  }

  /** What an upstream speaks: as the worker found out, else asked once now. A failed question is asked again next time. */
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

  async open(target: UpstreamTarget, options: LinkOptions): Promise<UpstreamLink> {
    return openLink(this.connectionOf(target), await this.eraOf(target), options);
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

  #credentialOf({ id, organizationId, authHeader, authSecret }: UpstreamTarget): Record<string, string> {
    if (authSecret === null) return {};
    const secret = openSecret(this.parts.keyring, authSecret, `${organizationId}:${id}`);
    return { [authHeader ?? 'authorization']: secret };
  }
}
