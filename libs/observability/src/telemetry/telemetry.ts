import type { TraceContext } from './trace-context.js';

/** Attributes of a span; undefined ones are left out. */
export type TelemetryAttributes = Readonly<Record<string, string | number | undefined>>;

/** One MCP operation at its begin. */
export interface OperationStart {
  /** The MCP method as it came; a method that nobody knows is `_OTHER` in metrics and in the name of the span. */
  readonly method: string;
  /** Of the monotonic clock, milliseconds. */
  readonly startedAt: number;
  readonly attributes: TelemetryAttributes;
}

/** An operation that a client asks us for. */
export interface ServerOperationStart extends OperationStart {
  /** From `params._meta`: the parent. */
  readonly meta: TraceContext | null;
  /** From the HTTP headers: linked; the parent where `_meta` names none. */
  readonly http: TraceContext | null;
}

/** How an operation ended. */
export interface OperationEnd {
  /** Null: it succeeded. Else a code of few values, for example `-32602`, `tool_error`, `UPSTREAM_TIMEOUT`. */
  readonly errorType: string | null;
  /** Tool or prompt: the second word of the span's name. Never a name that only the client made up. */
  readonly target: string | null;
  readonly attributes: TelemetryAttributes;
}

/** A span and a duration under way. */
export interface Operation {
  /** What the next hop is told: this span as the parent. */
  readonly context: TraceContext;
  /** Ends the span and counts its duration; only the first call counts. */
  end(end: OperationEnd): void;
}

/** Spans and histograms of MCP operations (OpenTelemetry semantic conventions for MCP). */
export interface Telemetry {
  serverOperation(start: ServerOperationStart): Operation;
  clientOperation(start: OperationStart, parent: Operation): Operation;
  /** A session has ended: `server` with a client of ours, `client` with an upstream. */
  sessionEnded(side: 'server' | 'client', seconds: number, attributes: TelemetryAttributes): void;
  /** Delivers what is left, for at most so many milliseconds. Never fails. */
  close(deadlineMs: number): Promise<void>;
}
