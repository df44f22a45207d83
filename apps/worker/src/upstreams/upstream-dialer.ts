import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '#config';
import { openSecret, type Keyring } from '#crypto';
import { DomainError } from '#kernel';
import { createStdioConnection, createUpstreamConnection, StdioChildren, type UpstreamConnection } from '#mcp';
import type { Metrics } from '#observability';
import type { UpstreamPools } from '#outbound';
import { CONFIG, KEYRING, METRICS, UPSTREAM_POOLS } from '../dependencies.js';
import type { DialedUpstream } from './dialed-upstream.js';

/** What came of dialling: what was learnt, or why nothing was. `latencyMs` is the time it took. */
export type Finding<T> =
  | { readonly ok: true; readonly value: T; readonly latencyMs: number }
  | { readonly ok: false; readonly error: DomainError; readonly latencyMs: number };

const clientInfo = { name: 'gatehouse', version: '0.1.0' };

/** Dials upstreams with the credential that is stored for them. */
@Injectable()
export class UpstreamDialer {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(KEYRING) private readonly keyring: Keyring,
    @Inject(METRICS) private readonly metrics: Metrics,
    @Inject(UPSTREAM_POOLS) private readonly pools: UpstreamPools,
    private readonly children: StdioChildren,
  ) {}

  /**
   * Runs `fn` over a connection. A failure of the upstream, its address or its credential is a finding; anything else
   * (a stop of the worker, a bug) is thrown.
   */
  async dial<T>(
    upstream: DialedUpstream,
    requestId: string,
    fn: (connection: UpstreamConnection) => Promise<T>,
  ): Promise<Finding<T>> {
    const startedAt = performance.now();
    const latencyMs = () => Math.round(performance.now() - startedAt);
    try {
      const value = await fn(this.connect(upstream, requestId));
      this.metrics.upstreamRequest({ upstream: upstream.slug, outcome: 'ok' });
      return { ok: true, value, latencyMs: latencyMs() };
    } catch (error) {
      if (!(error instanceof DomainError) || error.code === 'INTERNAL') throw error;
      this.metrics.upstreamRequest({ upstream: upstream.slug, outcome: error.code });
      return { ok: false, error, latencyMs: latencyMs() };
    }
  }

  private connect(upstream: DialedUpstream, requestId: string): UpstreamConnection {
    const { command, connectTimeoutMs, id, slug, transport, url } = upstream;
    const { outbound, stdio } = this.config;
    const common = {
      ...{ name: slug, key: id, clientInfo },
      timeoutMs: outbound.probeTimeout,
      maxRequestMs: outbound.maxRequest,
      maxBytes: outbound.maxResponse,
    };
    if (transport === 'STDIO' || url === null)
      return createStdioConnection({ ...common, command, commands: stdio.commands, children: this.children });
    return createUpstreamConnection({
      ...common,
      url,
      transport,
      headers: headersOf(upstream),
      credential: { ...this.credentialOf(upstream), 'x-request-id': requestId },
      pools: this.pools,
      connectTimeoutMs: connectTimeoutMs ?? undefined,
    });
  }

  private credentialOf({ id, organizationId, authHeader, authSecret }: DialedUpstream): Record<string, string> {
    if (authSecret === null) return {};
    return { [authHeader ?? 'authorization']: openSecret(this.keyring, authSecret, `${organizationId}:${id}`) };
  }
}

const headersOf = ({ headers }: DialedUpstream) => JSON.parse(headers) as Readonly<Record<string, string>>;
