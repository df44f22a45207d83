import type { JsonObject, RequestOutcome } from '#mcp';
import type { McpRoute } from '../pipeline/mcp-route.js';

/** A conversation that a legacy client began with `initialize`. An idle one must stay below 5 KB. */
export interface ClientSession {
  /** The sealed id that the client sends as `Mcp-Session-Id`. */
  readonly id: string;
  readonly tokenHash: string;
  readonly tokenId: string;
  readonly route: McpRoute;
  readonly protocolVersion: string;
  readonly clientInfo: JsonObject | null;
  readonly capabilities: JsonObject;
  /** Set by `logging/setLevel`. */
  logLevel: string | null;
  readonly closed: boolean;
  /** Whether a stream for unsolicited messages is open (GET, or the event stream of 2024-11-05). */
  readonly hasStream: boolean;
  /** Notes the revision that `initialize` was answered with, where it is not the one that Gatehouse would have chosen. */
  agree(protocolVersion: string): void;
  /** Sends an unsolicited notification; false when nobody listens. */
  notify(text: string): boolean;
  /**
   * Sends an unsolicited request on the session's stream; never rejects; an error outcome when nobody listens.
   * @param tell takes `notifications/progress` about it, under the progress token of `params`
   */
  ask(
    method: string,
    params: string,
    signal: AbortSignal,
    tell?: (notification: string) => void,
  ): Promise<RequestOutcome>;
  /** Whether the client was asked under this id and owes the answer; true once for each request. */
  takeOwed(id: unknown): boolean;
  /** Hears that the session has ended, for whatever reason. */
  onClose(listener: () => void): void;
  /** Hears that a stream for unsolicited messages was opened. */
  onStream(listener: () => void): void;
}
