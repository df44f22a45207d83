import type { Config } from '#config';
import type { Era } from '#contracts';
import { openSecret, type Keyring } from '#crypto';
import { checkHealth, createUpstreamConnection, type Implementation, type UpstreamConnection } from '#mcp';
import type { UpstreamPools } from '#outbound';
import type { UpstreamTarget } from '#snapshot';

/** An era and the revision of it that an upstream speaks. */
export interface SpokenEra {
  readonly era: Era;
  readonly protocolVersion: string | null;
}

/** What is prepared once per upstream and configuration: its address, its opened credential, its era. */
export class UpstreamConnections {
  // Keyed by the snapshot's own objects: a changed upstream is another object, and the old entry goes with the old one.
  readonly #connections = new WeakMap<UpstreamTarget, UpstreamConnection>();
  readonly #eras = new WeakMap<UpstreamTarget, Promise<SpokenEra>>();

  constructor(
    private readonly config: Config,
    private readonly keyring: Keyring,
    private readonly pools: UpstreamPools,
    private readonly clientInfo: Implementation,
  ) {}

  /** How to reach an upstream. Throws WRONG_MASTER_KEY or INTERNAL when its credential cannot be opened. */
  connectionOf(target: UpstreamTarget): UpstreamConnection {
    let connection = this.#connections.get(target);
    if (connection === undefined) {
      connection = createUpstreamConnection({
        name: target.slug,
        url: target.url,
        credential: this.#credentialOf(target),
        pools: this.pools,
        clientInfo: this.clientInfo,
        timeoutMs: this.config.outbound.requestTimeout,
        maxBytes: this.config.outbound.maxResponse,
      });
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

  #credentialOf({ id, organizationId, authHeader, authSecret }: UpstreamTarget): Record<string, string> {
    if (authSecret === null) return {};
    return { [authHeader ?? 'authorization']: openSecret(this.keyring, authSecret, `${organizationId}:${id}`) };
  }
}
