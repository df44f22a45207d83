import { randomBytes } from 'node:crypto';
import { request, type IncomingHttpHeaders } from 'node:http';
import { FrontDoor } from '../../apps/gateway/src/http/front-door.js';
import { listen } from '../../apps/gateway/src/http/listen.js';
import { noOthers } from '../../apps/gateway/src/owners/no-others.js';
import { openGateway } from '../../apps/gateway/src/open-gateway.js';
import { upstreamsBehind } from '../../apps/gateway/src/relay/endpoint-upstreams.js';
import { TokenUsage } from '../../apps/gateway/src/usage/token-usage.js';
import type { Refusal } from '#audit';
import { loadConfig } from '#config';
import type { LimitVerdict } from '#counters';
import type { AuditEventDraft, RateLimit } from '#contracts';
import { createKeyring, hashToken, sealSecret } from '#crypto';
import { isUuid, newId, systemClock } from '#kernel';
import { createLogger, createMetrics, openTelemetry } from '#observability';
import type { CatalogSnapshot, Endpoint, Principal, SnapshotSource, UpstreamTarget } from '#snapshot';
import type { FixtureServer } from '#testing';
import { endpoint } from './hand-made-endpoint.js';

export const organizationId = newId();
export const keyring = createKeyring(randomBytes(32));

type Json = Record<string, unknown>;

/** An upstream as the snapshot knows it; `secret` is sealed. */
export function upstreamTarget(
  slug: string,
  url: string,
  more: Partial<UpstreamTarget> & { secret?: string } = {},
): UpstreamTarget {
  const { secret, ...rest } = more;
  const id = newId();
  return {
    id,
    organizationId,
    slug,
    transport: 'STREAMABLE_HTTP',
    url,
    command: null,
    shared: false,
    enabled: true,
    connectTimeoutMs: null,
    headersTimeoutMs: null,
    requestTimeoutMs: null,
    maxRequestMs: null,
    headers: {},
    forwardedHeaders: [],
    capabilities: null,
    protocolEra: null,
    era: 'LEGACY',
    protocolVersion: '2025-11-25',
    authHeader: secret === undefined ? null : 'Authorization',
    authSecret: secret === undefined ? null : sealSecret(keyring, secret, `${organizationId}:${id}`),
    ...rest,
  };
}

/** The target of a fixture server, with the era it speaks. */
export const targetOfFixture = (slug: string, fixture: FixtureServer, era: 'LEGACY' | 'MODERN', secret?: string) =>
  upstreamTarget(slug, fixture.url, {
    era,
    protocolVersion: era === 'MODERN' ? '2026-07-28' : '2025-11-25',
    ...(secret === undefined ? {} : { secret }),
  });

export { endpoint, type EndpointPart } from './hand-made-endpoint.js';

/** What one token may reach. */
export interface Grant {
  readonly principal: Principal;
  readonly aggregate?: Endpoint;
  readonly servers?: Readonly<Record<string, Endpoint>>;
  readonly upstreams?: Readonly<Record<string, Endpoint>>;
}

/** A snapshot source whose content a test changes; each change is a swap, as with the real one. */
export class HandMadeSnapshots implements SnapshotSource {
  readonly #listeners = new Set<(next: CatalogSnapshot, previous: CatalogSnapshot) => void>();
  readonly #grants = new Map<string, Grant>();
  #snapshot: CatalogSnapshot = this.#freeze(1);
  stale = 0;

  /** How many hear of changes. */
  get listeners(): number {
    return this.#listeners.size;
  }

  current = () => this.#snapshot;
  ready = () => true;
  staleFor = () => this.stale;
  close = () => Promise.resolve();
  onChange(listener: (next: CatalogSnapshot, previous: CatalogSnapshot) => void) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Gives a token these rights, or none. */
  set(token: string, grant: Grant | null): void {
    if (grant === null) this.#grants.delete(hashToken(token));
    else this.#grants.set(hashToken(token), grant);
    const previous = this.#snapshot;
    this.#snapshot = this.#freeze(previous.revision + 1);
    for (const listener of this.#listeners) listener(this.#snapshot, previous);
  }

  #freeze(revision: number): CatalogSnapshot {
    const grants = new Map(this.#grants);
    const grantOf = ({ tokenId }: Principal) =>
      [...grants.values()].find(({ principal }) => principal.tokenId === tokenId);
    const byName = (endpoints: Grant['servers'], name: string): Endpoint | null =>
      endpoints?.[name] ??
      (isUuid(name) ? Object.values(endpoints ?? {}).find(({ subjectId }) => subjectId === name) : undefined) ??
      null;
    return {
      revision,
      principalByTokenHash: (hash) => grants.get(hash)?.principal ?? null,
      virtualServer: (principal, name) => byName(grantOf(principal)?.servers, name),
      upstream: (principal, name) => byName(grantOf(principal)?.upstreams, name),
      aggregate: (principal) => grantOf(principal)?.aggregate ?? endpoint({ kind: 'aggregate', slug: null }, []),
      upstreamTarget: (_organizationId, id) => {
        for (const { aggregate, servers, upstreams } of grants.values())
          for (const one of [aggregate, ...Object.values({ ...servers, ...upstreams })]) {
            const found = one && upstreamsBehind(one).get(id);
            if (found) return found;
          }
        return null;
      },
    };
  }
}

/** A text that looks like an API token. */
export const newToken = (): string => `gth_${[1, 2, 3].map(() => randomBytes(16).toString('base64url')).join('.')}`;

export const newPrincipal = (more: Partial<Principal> = {}): Principal => ({
  tokenId: newId(),
  userId: newId(),
  organizationId,
  expiresAt: Date.now() + 3_600_000,
  scopes: new Set(['mcp']),
  virtualServerId: null,
  rateLimit: null,
  ...more,
});

/** A gateway in this process, over a snapshot made by hand, that keeps its audit records in a list. */
export async function startTestGateway(env: Record<string, string> = {}) {
  const config = loadConfig({
    GATEHOUSE_GATEWAY_PORT: '0',
    GATEHOUSE_LOG_LEVEL: 'debug',
    GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
    GATEHOUSE_GATEWAY_ALLOWED_ORIGINS: 'https://console.example',
    ...env,
  });
  const snapshots = new HandMadeSnapshots();
  const records: AuditEventDraft[] = [];
  const refusals: Refusal[] = [];
  const logLines: string[] = [];
  const audit = {
    accepts: true,
    canAccept: () => audit.accepts,
    record: (draft: AuditEventDraft) => void records.push(draft),
  };
  const usage = new TokenUsage();
  const limits = {
    verdict: true as LimitVerdict | Promise<LimitVerdict>,
    /** Every take so far: the token, its limit, the cost. */
    taken: [] as { key: string; limit: RateLimit; cost: number }[],
    take: (key: string, _organizationId: string, limit: RateLimit, cost: number) => {
      limits.taken.push({ key, limit, cost });
      return limits.verdict;
    },
    close: () => Promise.resolve(),
  };
  const metrics = createMetrics({ processMetrics: false });
  const logger = createLogger({
    level: config.log.level,
    service: 'gateway',
    destination: { write: (line) => void logLines.push(line) },
  });
  const telemetry = await openTelemetry({ config, logger, version: 'test' });
  /** Ids of upstreams whose catalogue somebody asked to read again. */
  const syncRequests: string[] = [];
  const door = new FrontDoor();
  const listening = await listen(config, door.listener);
  const gateway = await openGateway(
    {
      config,
      logger,
      metrics,
      telemetry,
      keyring,
      clock: systemClock,
      snapshots,
      audit,
      refusals: { refused: (refusal) => void refusals.push(refusal) },
      usage,
      owners: noOthers(),
      limits,
      requestSync: (_organizationId, upstreamId) => {
        syncRequests.push(upstreamId);
        return Promise.resolve();
      },
    },
    door,
    listening,
  );
  const origin = `http://127.0.0.1:${listening.address.port}`;
  /** Hands out a token with these rights. */
  const grant = (rights: Omit<Grant, 'principal'>, principal: Partial<Principal> = {}) => {
    const token = newToken();
    const granted = { ...rights, principal: newPrincipal(principal) };
    snapshots.set(token, granted);
    return { token, ...granted };
  };
  /** Posts one body as a client would; headers can be replaced or, with undefined, left out. */
  const post = async (
    path: string,
    token: string | null,
    body: unknown,
    headers: Record<string, string | undefined> = {},
  ) => {
    const all: Record<string, string | undefined> = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    };
    const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const response = await fetch(origin + path, {
      method: 'POST',
      headers: sent,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: text === '' ? null : (JSON.parse(text) as Json),
    };
  };
  return {
    origin,
    port: listening.address.port,
    config,
    snapshots,
    records,
    refusals,
    syncRequests,
    logLines,
    audit,
    usage,
    limits,
    metrics,
    telemetry,
    gateway,
    grant,
    post,
    [Symbol.asyncDispose]: () => gateway.stop(0),
  };
}

export type TestGateway = Awaited<ReturnType<typeof startTestGateway>>;

/** A legacy request. */
export const legacy = (method: string, params?: Json, id: string | number = 1): Json => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params === undefined ? {} : { params }),
});

/** A modern request with its envelope, and the headers that must repeat it. */
export function modern(method: string, params: Json = {}, id: string | number = 1) {
  const name = params['name'] ?? params['uri'];
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  };
  return {
    body: { jsonrpc: '2.0', id, method, params: { ...params, _meta: meta } },
    headers: {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
    },
  };
}

/** A request whose path and headers go out exactly as given, which `fetch` would tidy. */
export const raw = (
  port: number,
  options: { method?: string; path: string; headers?: Record<string, string | string[]>; body?: string },
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> =>
  new Promise((resolve, reject) => {
    const { body = '', headers = {}, method = 'POST', path } = options;
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      const { headers: answered, statusCode: status = 0 } = response;
      response.on('end', () => resolve({ status, headers: answered, text: Buffer.concat(chunks).toString() }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
