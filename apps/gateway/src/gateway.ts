import type { Refusal } from '#audit';
import type { Config } from '#config';
import type { AuditEventDraft, RateLimit } from '#contracts';
import type { RateLimits } from '#counters';
import type { Keyring } from '#crypto';
import type { Clock } from '#kernel';
import type { Implementation } from '#mcp';
import type { Logger, Metrics, Telemetry } from '#observability';
import type { SnapshotSource } from '#snapshot';
import type { PublicUrls } from './http/public-urls.js';
import type { StreamCount } from './http/stream-count.js';
import type { OwnerService } from './owners/owners.js';
import type { RunningCalls } from './pipeline/running-calls.js';
import type { ListChanges } from './relay/list-changes.js';
import type { ListenStreams } from './relay/listen-streams.js';
import type { ParkedCalls } from './relay/parked-calls.js';
import type { Subscriptions } from './relay/subscriptions.js';
import type { SyncRequests } from './relay/sync-requests.js';
import type { ClientSessions } from './sessions/client-sessions.js';
import type { UpstreamLinks } from './upstream-pool/upstream-links.js';
import type { TokenUsage } from './usage/token-usage.js';

/** Takes one record per call without waiting; `canAccept` is false when a record might be lost. */
export interface CallRecorder {
  record(draft: AuditEventDraft): void;
  canAccept(): boolean;
}

/** What everybody who starts a gateway hands in: the ports to the outside world. */
export interface GatewayParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Null unless a collector is configured. */
  readonly telemetry: Telemetry | null;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly snapshots: SnapshotSource;
  readonly audit: CallRecorder;
  readonly refusals: { refused(refusal: Refusal): void };
  readonly usage: TokenUsage;
  readonly limits: RateLimits;
  /** The other gateway processes. */
  readonly owners: OwnerService;
  /** Asks the worker to read the catalogue of an upstream again. */
  requestSync(organizationId: string, upstreamId: string): Promise<void>;
}

/** Everything that the steps of a call work with; made once at start. */
export interface Gateway extends GatewayParts {
  readonly urls: PublicUrls;
  /** Conversations with upstreams. */
  readonly links: UpstreamLinks;
  /** Calls that wait for input of their clients. */
  readonly parked: ParkedCalls;
  readonly subscriptions: Subscriptions;
  readonly listeners: ListenStreams;
  readonly listChanges: ListChanges;
  readonly syncRequests: SyncRequests;
  readonly running: RunningCalls;
  /** The limit of tokens without one of their own; null: none. */
  readonly tokenLimit: RateLimit | null;
  /** Sessions of legacy clients. */
  readonly sessions: ClientSessions;
  readonly streams: StreamCount;
  /** How Gatehouse introduces itself to clients and upstreams. */
  readonly serverInfo: Implementation;
  readonly state: GatewayState;
}

/** The one thing about a gateway that changes. */
export interface GatewayState {
  draining: boolean;
}
