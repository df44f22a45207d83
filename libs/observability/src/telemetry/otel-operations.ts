import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Link,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import { parseTraceParent, TraceState } from '@opentelemetry/core';
import { listedLabel } from '../bounded-label.js';
import { maskText } from '../mask-text.js';
import { mcpMethods } from '../mcp-methods.js';
import type { OperationMetrics } from './operation-metrics.js';
import type {
  Operation,
  OperationEnd,
  OperationStart,
  ServerOperationStart,
  TelemetryAttributes,
} from './telemetry.js';
import type { TraceContext } from './trace-context.js';

const otherMethod = '_OTHER';
const known = listedLabel(mcpMethods);
/** A method that is not MCP's would let clients invent names of spans and rows of metrics. */
const methodLabel = (method: string): string => (known(method) === method ? method : otherMethod);

type Side = 'server' | 'client';

/** One span with its duration. */
class OtelOperation implements Operation {
  #ended = false;

  constructor(
    readonly span: Span,
    /** Passed on as it came: we add nothing to it. */
    readonly baggage: string | null,
    private readonly start: OperationStart,
    private readonly metrics: OperationMetrics,
  ) {}

  get context(): TraceContext {
    const { traceId, spanId, traceFlags, traceState } = this.span.spanContext();
    const state = traceState?.serialize() ?? '';
    return {
      traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
      tracestate: state === '' ? null : state,
      baggage: this.baggage,
    };
  }

  end({ errorType, target, attributes }: OperationEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    const endedAt = performance.now();
    const method = methodLabel(this.start.method);
    const all = { ...this.start.attributes, ...attributes, 'error.type': errorType ?? undefined };
    this.metrics.operation((endedAt - this.start.startedAt) / 1000, { ...all, 'mcp.method.name': method });
    const { span } = this;
    if (span.isRecording()) {
      if (target !== null) span.updateName(`${method} ${target}`);
      span.setAttributes(defined(all));
      if (errorType !== null) span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end(endedAt);
  }
}

/** Begins spans of both sides and keeps their histograms. */
export class OtelOperations {
  constructor(
    private readonly tracer: Tracer,
    private readonly metrics: Readonly<Record<Side, OperationMetrics>>,
  ) {}

  /** Parent is what `_meta` says; the context of the HTTP request is linked beside it, or the parent without it. */
  server(start: ServerOperationStart): Operation {
    const meta = start.meta && spanContextOf(start.meta);
    const http = start.http && spanContextOf(start.http);
    const parent = meta ?? http;
    const links = meta && http && meta.spanId !== http.spanId ? [{ context: http }] : [];
    const baggage = (meta ? start.meta : start.http)?.baggage ?? null;
    return this.#begin('server', start, parent, links, baggage);
  }

  /** A child of the server's span. */
  client(start: OperationStart, parent: Operation): Operation {
    if (!(parent instanceof OtelOperation)) throw new TypeError('The parent must come from the same telemetry.');
    return this.#begin('client', start, parent.span.spanContext(), [], parent.baggage);
  }

  sessionEnded(side: Side, seconds: number, attributes: TelemetryAttributes): void {
    this.metrics[side].session(seconds, defined(attributes));
  }

  #begin(side: Side, start: OperationStart, parent: SpanContext | null, links: Link[], baggage: string | null) {
    const context: Context = parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
    const span = this.tracer.startSpan(
      methodLabel(start.method),
      {
        kind: side === 'server' ? SpanKind.SERVER : SpanKind.CLIENT,
        startTime: start.startedAt,
        attributes: { 'mcp.method.name': start.method.slice(0, 100), ...defined(start.attributes) },
        links,
      },
      context,
    );
    return new OtelOperation(span, baggage, start, this.metrics[side]);
  }
}

function spanContextOf({ traceparent, tracestate }: TraceContext): SpanContext | null {
  const parsed = parseTraceParent(traceparent);
  if (parsed === null) return null;
  return { ...parsed, isRemote: true, ...(tracestate === null ? {} : { traceState: new TraceState(tracestate) }) };
}

function defined(attributes: TelemetryAttributes): Attributes {
  const kept: Attributes = {};
  for (const name in attributes) if (attributes[name] !== undefined) kept[name] = attributes[name];
  // The one attribute in which a client may have put a password.
  const uri = kept['mcp.resource.uri'];
  if (typeof uri === 'string') kept['mcp.resource.uri'] = maskText(uri);
  return kept;
}
