import type { AuditOutcome, Era } from '#contracts';
import type { JsonRpcId, ReceivedRequest, SharedText } from '#mcp';
import type { CatalogSnapshot, Endpoint, Principal, Target } from '#snapshot';
import type { Exchange } from '../http/exchange.js';
import type { ClientPort } from '../relay/client-port.js';
import type { ClientSession } from '../sessions/client-session.js';
import type { McpRoute } from './mcp-route.js';
import type { MethodRule } from './method-rules.js';

// Each step takes what the step before it made, so a step that is left out does not compile.

/** After `receive`: a POST of JSON to an MCP route, or a GET or DELETE about a session. */
export interface ReceivedCall extends Exchange {
  readonly route: McpRoute;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
  /** Of the monotonic clock, for durations. */
  readonly startedAt: number;
  /** SHA-256 of the bearer token; null without a token of ours. */
  readonly tokenHash: string | null;
}

/** After `checkAddress`: sent to an address of ours, not by a stranger's web page. */
export interface AddressedCall extends ReceivedCall {
  readonly publicUrl: string;
}

/** One JSON-RPC message of a body. */
export interface PostedMessage {
  readonly kind: 'request' | 'notification' | 'response';
  /** Null where the message has none. */
  readonly id: JsonRpcId | null;
  /** Empty for a response. */
  readonly method: string;
  readonly era: Era;
  /** The revision that the client claims; checked by `checkProtocol`. */
  readonly version: string | null;
  readonly received: ReceivedRequest;
  readonly inBatch: boolean;
  /** What made the message unusable, to be told by `checkProtocol`. */
  readonly problem: Error | null;
}

/** After `readMessages`: the whole body is there. */
export interface PostedCall extends AddressedCall {
  readonly messages: readonly PostedMessage[];
  readonly isBatch: boolean;
  /** The body as it came. */
  readonly body: Buffer;
}

/** After `identify`: somebody known, at one moment of the configuration. */
export interface KnownCall {
  readonly posted: PostedCall;
  readonly snapshot: CatalogSnapshot;
  readonly principal: Principal;
  readonly tokenHash: string;
}

/** After `findSession`: the session is theirs. */
export interface IdentifiedCall extends KnownCall {
  /** The session that the client named; null without one, and for every modern client. */
  readonly session: ClientSession | null;
}

declare const withinLimit: unique symbol;

/** After `limitCaller`: its sender may go on. The mark exists for the compiler only. */
export interface LimitedCall extends IdentifiedCall {
  readonly [withinLimit]: true;
}

/** After `resolveRoute`: one message to an endpoint that the principal may see. */
export interface RoutedCall extends LimitedCall {
  readonly message: PostedMessage;
  /** Who sent the message, as far as it can be reached while the message is answered. */
  readonly client: ClientPort;
  readonly endpoint: Endpoint;
}

/** After `checkProtocol`: it speaks a revision of ours, and its headers say what its body says. */
export interface ConformingCall extends RoutedCall {
  readonly protocolVersion: string;
}

/** After `authorize`: a request that the gateway answers itself. */
export interface LocalCall extends ConformingCall {
  readonly rule: MethodRule;
  readonly target: null;
}

/** After `authorize`: a request for an object of an upstream that the principal may use. */
export interface UpstreamCall extends ConformingCall {
  readonly rule: MethodRule;
  readonly target: Target;
}

/** See {@link LocalCall} and {@link UpstreamCall}. */
export type AuthorizedCall = LocalCall | UpstreamCall;

/** What one message is answered, and how the call ended. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Null: accepted, nothing to say. */
  readonly body: Buffer | SharedText | string | null;
  readonly outcome: AuditOutcome;
  /** The upstream of a pass-through answered with an event stream: so does the gateway. */
  readonly isStream?: boolean;
  /** Error code, for DENIED and FAILED. */
  readonly reason: string | null;
  /** Facts for the audit record. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Another process has answered in our place, and has recorded it. */
export const handedOver: Answer = { status: 0, body: null, outcome: 'ALLOWED', reason: null };
