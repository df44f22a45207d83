import { rewriteMeta } from '#mcp';
import { traceContextOf, traceFields, type Telemetry, type TraceContext } from '#observability';
import type { UpstreamCall } from '../pipeline/calls.js';
import type { SpokenEra } from '../upstream-pool/link-opener.js';
import { ClientOperation } from './client-operation.js';
import { operationOf } from './server-operation.js';

/** A request to an upstream, ready to go. */
interface OutgoingRequest {
  readonly headers: Record<string, string>;
  readonly body: Buffer | string;
}

/** The request as it is to go out, and its span, which is to be told how it ended; null without tracing. */
export interface TracedRequest extends OutgoingRequest {
  readonly operation: ClientOperation | null;
}

/**
 * Tells the upstream where in a trace it is called. With tracing on, a CLIENT span begins, and its context is put into
 * the headers and into `_meta`. Without, a client's well-formed trace headers pass as they came (what it wrote into
 * `_meta` does so by itself), and the body is untouched.
 */
export function traceUpstream(
  telemetry: Telemetry | null,
  call: UpstreamCall,
  spoken: SpokenEra,
  built: OutgoingRequest,
): TracedRequest {
  const parent = telemetry === null ? null : operationOf(call.message);
  if (telemetry === null || parent === null) {
    const { headers } = call.message.received;
    const context = headers['traceparent'] === undefined ? null : traceContextOf(headers);
    if (context !== null) Object.assign(built.headers, traceFields(context));
    return { ...built, operation: null };
  }
  const operation = new ClientOperation(telemetry, parent, call, spoken);
  return { ...withContext(built, operation.context), operation };
}

function withContext({ headers, body }: OutgoingRequest, context: TraceContext): OutgoingRequest {
  const fields = traceFields(context);
  const changes: Record<string, string | null> = { tracestate: null };
  for (const [name, value] of Object.entries(fields)) changes[name] = JSON.stringify(value);
  return { headers: { ...headers, ...fields }, body: rewriteMeta(body.toString(), changes) };
}
