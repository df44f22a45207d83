import type { StreamedAnswer, UpstreamReply } from '#mcp';
import { DomainError } from '#kernel';
import type { Operation, Telemetry, TelemetryAttributes, TraceContext } from '#observability';
import type { UpstreamTarget } from '#snapshot';
import type { UpstreamCall } from '../pipeline/calls.js';
import type { SpokenEra } from '../upstream-pool/link-opener.js';
import { spanTarget, targetAttributes } from './operation-target.js';

const addresses = new WeakMap<UpstreamTarget, TelemetryAttributes>();

/** Where the upstream is; worked out once for as long as the snapshot keeps the upstream. */
function addressOf(upstream: UpstreamTarget): TelemetryAttributes {
  const known = addresses.get(upstream);
  if (known) return known;
  const { url } = upstream;
  const parsed = url !== null && URL.canParse(url) ? new URL(url) : null;
  const attributes: TelemetryAttributes =
    parsed === null
      ? { 'network.transport': 'pipe' }
      : {
          'network.transport': 'tcp',
          'network.protocol.name': 'http',
          'network.protocol.version': '1.1',
          'server.address': parsed.hostname,
          'server.port': Number(parsed.port || (parsed.protocol === 'https:' ? 443 : 80)),
        };
  addresses.set(upstream, attributes);
  return attributes;
}

/** The CLIENT span of one request to an upstream, below the span of the client's request that it serves. */
export class ClientOperation {
  readonly #operation: Operation;
  readonly #target: string | null;
  readonly #attributes: TelemetryAttributes;

  constructor(telemetry: Telemetry, parent: Operation, call: UpstreamCall, spoken: SpokenEra) {
    const { message, posted, target } = call;
    const { upstream } = target;
    const { method } = message;
    this.#target = spanTarget(method, target.originalName);
    // Which way it is bridged, where client and upstream are of different eras.
    const bridge = spoken.era === message.era ? undefined : `${message.era}-${spoken.era}`.toLowerCase();
    this.#attributes = { 'mcp.protocol.version': spoken.protocolVersion ?? undefined, 'gatehouse.bridge': bridge };
    const attributes = {
      ...addressOf(upstream),
      ...targetAttributes(method, target.originalName),
      'gatehouse.request.id': posted.requestId,
      'gatehouse.upstream': upstream.slug,
    };
    this.#operation = telemetry.clientOperation({ method, startedAt: performance.now(), attributes }, parent);
  }

  /** What the upstream is told. */
  get context(): TraceContext {
    return this.#operation.context;
  }

  /** The upstream answered, be it with an error. */
  answered(reply: UpstreamReply): void {
    if (reply.kind !== 'response') {
      this.#end('session_ended', null);
      return;
    }
    const { error, result } = reply.message;
    const code = error === undefined ? null : String(error.code);
    this.#end(code ?? (result?.['isError'] === true ? 'tool_error' : null), code);
  }

  /** The upstream answers with more than is held here: the same answer, at whose end the span ends. */
  passes(answer: StreamedAnswer): StreamedAnswer {
    return {
      ...answer,
      pipe: async (context, open) => {
        try {
          const reply = await answer.pipe(context, open);
          if (reply.kind === 'response') this.answered(reply);
          else this.#end(reply.outcome === 'ok' ? null : 'tool_error', null);
          return reply;
        } catch (error) {
          this.failed(error);
          throw error;
        }
      },
    };
  }

  /** There is no answer. */
  failed(error: unknown): void {
    this.#end(error instanceof DomainError ? error.code : '_OTHER', null);
  }

  #end(errorType: string | null, rpcCode: string | null): void {
    this.#operation.end({
      errorType,
      target: this.#target,
      attributes: {
        ...this.#attributes,
        'rpc.response.status_code': rpcCode ?? undefined,
        'gatehouse.outcome': errorType === null ? 'ok' : 'failed',
      },
    });
  }
}
