/** What the requests of a run are. */
export type LoadKind =
  'call' | 'list' | 'mixed' | 'churn' | 'session-call' | 'session-list' | 'session-mixed' | 'sleep' | 'deny';

/** One run of the load program. */
export interface LoadJob {
  readonly url: string;
  readonly token: string | null;
  readonly kind: LoadKind;
  readonly era: 'legacy' | 'modern';
  /** The name under which the server has the tool `echo`; `sleep` for that kind. */
  readonly tool: string;
  /** Bytes of text that are echoed; milliseconds for `sleep`. */
  readonly size: number;
  /** How many tools a list must have; any where it is not said. */
  readonly tools?: number;
  /** `deny`: the status that must come. */
  readonly status?: number;
  /** `deny`: the JSON-RPC code that must come; none for 401 and 429. */
  readonly code?: number;
  /** The transport HTTP+SSE of 2024-11-05 instead of streamable HTTP. */
  readonly sse?: boolean;
  readonly connections: number;
  readonly warmupMs: number;
  readonly measureMs: number;
}

/** What came of it; latencies in microseconds. */
export interface LoadResult {
  readonly requests: number;
  readonly errors: number;
  readonly firstError: string | null;
  readonly seconds: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** What the load program tells its parent. */
export type LoadMessage =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'measuring' }
  | { readonly type: 'measured' }
  | { readonly type: 'done'; readonly result: LoadResult };
