import type { Refusal } from '#audit';
import type { Config } from '#config';
import type { AuditEventDraft } from '#contracts';
import type { Keyring } from '#crypto';
import type { Clock } from '#kernel';
import type { Implementation } from '#mcp';
import type { Logger, Metrics } from '#observability';
import type { SnapshotSource } from '#snapshot';
import type { PublicUrls } from './http/public-urls.js';
import type { RunningCalls } from './pipeline/running-calls.js';
import type { UpstreamCaller } from './upstream-pool/upstream-caller.js';
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
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly snapshots: SnapshotSource;
  readonly audit: CallRecorder;
  readonly refusals: { refused(refusal: Refusal): void };
  readonly usage: TokenUsage;
}

/** Everything that the steps of a call work with; made once at start. */
export interface Gateway extends GatewayParts {
  readonly urls: PublicUrls;
  readonly upstreams: UpstreamCaller;
  readonly running: RunningCalls;
  /** How Gatehouse introduces itself to clients and upstreams. */
  readonly serverInfo: Implementation;
  readonly state: GatewayState;
}

/** The one thing about a gateway that changes. */
export interface GatewayState {
  draining: boolean;
}
