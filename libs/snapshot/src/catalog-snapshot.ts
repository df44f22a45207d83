import type { Era, ForwardedHeader, HealthState, RateLimit, UpstreamTransport } from '#contracts';

/** One revision of the catalogue of every organization, as the gateway looks things up. Never changes once published. */
export interface CatalogSnapshot {
  /** Grows with every change of the configuration; not every number occurs. */
  readonly revision: number;
  /**
   * The live token with this SHA-256 hex digest. Unknown, revoked and expired ones, and those of disabled users, are
   * null; a token that expires while the snapshot lives stays, so the caller compares `expiresAt` at each request.
   */
  principalByTokenHash(hash: string): Principal | null;
  /** The virtual server with this slug or id; null when it is hidden, disabled or missing: the same. */
  virtualServer(principal: Principal, slugOrId: string): Endpoint | null;
  /** The upstream with this slug or id, untouched; null when it is missing or disabled, or without `passThrough` on it. */
  upstream(principal: Principal, slugOrId: string): Endpoint | null;
  /** Everything that the principal may execute; empty when nothing. A token for one virtual server sees its objects only. */
  aggregate(principal: Principal): Endpoint;
  /**
   * How an upstream of an organization is reached now, for whoever holds an older target; null when it is gone. Says
   * nothing about rights.
   */
  upstreamTarget(organizationId: string, upstreamId: string): UpstreamTarget | null;
}

/** Who is behind an API token. A snapshot decides by what it knows itself about `tokenId`, so an old one gives no rights. */
export interface Principal {
  readonly tokenId: string;
  readonly userId: string;
  readonly organizationId: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly scopes: ReadonlySet<string>;
  /** When set, the token reaches this one virtual server and nothing else. */
  readonly virtualServerId: string | null;
  /** The token's own limit; null: the default of the settings. */
  readonly rateLimit: RateLimit | null;
}

/**
 * One MCP server as a client sees it; everyone who sees the same gets the same object. It never changes, and revisions
 * that change nothing in it keep it, so an endpoint that is `===` the previous one has the same lists.
 */
export interface Endpoint {
  readonly kind: 'virtual-server' | 'upstream' | 'aggregate';
  /** Row id of the virtual server or upstream; null for the aggregate. */
  readonly subjectId: string | null;
  readonly slug: string | null;
  readonly name: string;
  readonly instructions: string | null;
  readonly enabled: boolean;
  /** What is behind it: the upstreams of its objects and, on the aggregate, those that the principal may use directly. */
  readonly upstreams: readonly EndpointUpstream[];
  /** By the name that clients of this endpoint use. */
  readonly tools: ReadonlyMap<string, Target>;
  readonly prompts: ReadonlyMap<string, Target>;
  readonly resources: ReadonlyMap<string, Target>;
  readonly resourceTemplates: readonly TemplateTarget[];
  /** What the list methods answer: one JSON text per object, in a fixed order (upstream slug, then name or URI). */
  readonly listed: ListedTexts;
  /**
   * Where a read of this URI goes: a listed resource, else the owner of the most literal template that matches, else (on
   * an upstream's own endpoint only) the upstream. `originalName` of the answer is the URI to send; null: unknown.
   */
  resolveResource(uri: string): Target | null;
  /** The client capabilities that anything here depends on, as bits (contracts); 0: the endpoint is the same to all. */
  readonly asks: number;
  /**
   * The endpoint as a client sees it that has declared these capabilities; itself where nothing is hidden from that
   * client. Clients that see the same get the same object.
   */
  forClient(declared: number): Endpoint;
  /** The endpoint with everything, whatever a client has declared. */
  readonly whole: Endpoint;
}

/** An upstream behind an endpoint; `upstreams` of an endpoint stand in the order of their slugs. */
export interface EndpointUpstream {
  readonly id: string;
  readonly slug: string;
  /** What the last probe found; empty before the first. */
  readonly capabilities: Readonly<Record<string, unknown>>;
  /**
   * What the last check said, as it is known now: the one thing that changes while this object stays the same, because
   * it decides nothing about names and lists.
   */
  readonly health: HealthState;
  /** Error code of the registry while UNHEALTHY. */
  readonly healthCode: string | null;
}

/** See {@link Endpoint.listed}. */
export interface ListedTexts {
  readonly tools: readonly string[];
  readonly prompts: readonly string[];
  readonly resources: readonly string[];
  readonly resourceTemplates: readonly string[];
}

/** What a name on an endpoint means. */
export interface Target {
  /** Row id of the tool, prompt, resource or template; of the upstream for a URI that it never listed. */
  readonly objectId: string;
  /** The name or URI that the client used. */
  readonly exposedName: string;
  /** The name or URI that the upstream knows. */
  readonly originalName: string;
  readonly upstream: UpstreamTarget;
  /** The upstream's own JSON text, whole. */
  readonly definition: string;
  /** The clients that it is there for, as bits (contracts, isOffered); empty: all of them. */
  readonly requires: readonly number[];
}

/** A resource template on an endpoint; both names are URI templates (RFC 6570). */
export interface TemplateTarget extends Target {
  /** The URI to ask the upstream for when the client's URI is one of this template; else null. */
  originalUri(uri: string): string | null;
}

/** How to reach an upstream. Revisions that change nothing of it keep the object; its health is no part of it. */
export interface UpstreamTarget {
  readonly id: string;
  readonly organizationId: string;
  readonly slug: string;
  readonly transport: UpstreamTransport;
  /** Null exactly for STDIO. */
  readonly url: string | null;
  /** STDIO: the name of a command in the allow list of the configuration; else null. */
  readonly command: string | null;
  /** STDIO: one child for all principals of a process. */
  readonly shared: boolean;
  readonly enabled: boolean;
  /** Milliseconds, like those below; null: the default of the settings. */
  readonly connectTimeoutMs: number | null;
  readonly headersTimeoutMs: number | null;
  readonly requestTimeoutMs: number | null;
  /** How long a call may take that keeps being extended by progress. */
  readonly maxRequestMs: number | null;
  /** Sent with every request; names in lower case, never a credential. */
  readonly headers: Readonly<Record<string, string>>;
  readonly forwardedHeaders: readonly ForwardedHeader[];
  /** Raw JSON, as the upstream sent it; null before the first probe. */
  readonly capabilities: string | null;
  /** What an administrator set: this era and nothing else; null: `era` is what a probe found. */
  readonly protocolEra: Era | null;
  /** What to speak: as set, else as the last probe found; null: nobody knows yet. */
  readonly era: Era | null;
  /** The revision of that era; null: nobody knows yet. */
  readonly protocolVersion: string | null;
  readonly authHeader: string | null;
  /** Sealed, with `${organizationId}:${id}` as additional data. */
  readonly authSecret: string | null;
}
