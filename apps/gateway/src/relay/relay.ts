import { DomainError, type CancelSignal } from '#kernel';
import {
  buildUpstreamRequest,
  hasExtension,
  memberValue,
  originalInputResponses,
  rewriteObject,
  TASKS_EXTENSION,
  translateUpstreamReply,
  type InputRequest,
  type JsonRpcId,
  type JsonRpcNotification,
  type NameExposure,
  type RawMessage,
  type ReplyContext,
  type RequestOutcome,
  type StreamedAnswer,
  type TranslatedReply,
  type UpstreamReply,
  type UpstreamResponse,
} from '#mcp';
import type { Gateway } from '../gateway.js';
import { completionRefOf } from '../pipeline/asked-object.js';
import { toolAnswered, toolFailed } from '../pipeline/call-details.js';
import type { Answer, UpstreamCall } from '../pipeline/calls.js';
import type { RunningCall } from '../pipeline/running-calls.js';
import { paramHeadersOf } from '../pipeline/param-headers-of.js';
import type { LinkEntry } from '../upstream-pool/link-entry.js';
import type { ClientOperation } from '../telemetry/client-operation.js';
import { traceUpstream } from '../telemetry/trace-upstream.js';
import type { SpokenEra } from '../upstream-pool/link-opener.js';
import { CallMessages, type CallTraffic } from './call-messages.js';
import { exposureOf, serverNamesOf, type ServerNames } from './exposure.js';
import { addForwardedHeaders } from './forwarded-headers.js';
import { legacyClientOf, linkOwnerOf } from './link-owners.js';
import { fitLevel } from './own-request.js';
import { sealState } from './request-state.js';
import { upstreamFailed } from './upstream-failed.js';

/** Members of `params` that replace the client's; null takes one away. */
export type ParamChanges = Readonly<Record<string, string | null>>;

const legacyServerCodes = new Set([-32000, -32001]);

/**
 * True for the 400 with which servers built from the SDK's example answer for a session that they do not know, where 404
 * is due. Like that one it has done nothing, so the call may be sent again.
 */
const sessionIsLost = ({ status, message }: UpstreamResponse, id: number | null): boolean =>
  id !== null && status === 400 && message.error !== undefined && legacyServerCodes.has(message.error.code);

const lostAgain = (slug: string) =>
  new DomainError('UPSTREAM_SERVER_ERROR', `Upstream "${slug}" ends every session at once. Look at its log.`, {
    details: { upstream: slug },
  });

/** As the client sent it: `1` is not `"1"`. */
function progressTokenOf({ message }: UpstreamCall): JsonRpcId | null {
  const meta = message.received.message.params?.['_meta'] as { progressToken?: JsonRpcId } | undefined;
  return meta?.progressToken ?? null;
}

/** What the call was answered, as the client and the audit log are told. */
export function answerOf({
  status,
  body,
  outcome,
  code,
}: Omit<TranslatedReply, 'body'> & Pick<Answer, 'body'>): Answer {
  if (outcome === 'rpc-error')
    return { status, body, outcome: 'FAILED', reason: 'UPSTREAM_RPC_ERROR', details: { rpcCode: code } };
  const details = outcome === 'tool-error' ? toolFailed : toolAnswered;
  return { status, body, outcome: 'ALLOWED', reason: null, details };
}

/** One call on its way to its upstream and back. A parked call has several requests of the client, one after the other. */
export class Relay implements CallTraffic {
  readonly clientEra;
  readonly upstreamEra;
  readonly passThrough: boolean;
  readonly shared: boolean;
  clientToken: JsonRpcId | null;
  readonly inputTimeoutMs: number;
  park: ((request: Omit<InputRequest, 'key'>) => Promise<RequestOutcome>) | null = null;
  #messages: CallMessages | null = null;
  /** Of what is in the answer: a task in it was made by this very call. */
  readonly #exposure: NameExposure;
  #names: ServerNames | null = null;
  /** The conversation that the call is part of. */
  #entry: LinkEntry | null = null;
  /** A large answer need not be held. */
  #passes: boolean;

  /** @param call the client's request that waits for an answer now */
  constructor(
    readonly gateway: Gateway,
    public call: UpstreamCall,
    readonly spoken: SpokenEra,
    private readonly run: RunningCall,
  ) {
    const { endpoint, message, principal, target } = call;
    this.clientEra = message.era;
    this.upstreamEra = spoken.era;
    this.passThrough = endpoint.kind === 'upstream';
    this.shared = target.upstream.transport === 'STDIO' && target.upstream.shared;
    this.#exposure = exposureOf(gateway.keyring, endpoint, principal, target.upstream, (taskId) => this.#note(taskId));
    this.clientToken = progressTokenOf(call);
    this.inputTimeoutMs = gateway.config.gateway.inputTimeout;
    this.#passes = !message.inBatch;
  }

  /** Of what is said beside the answer: it may be about a task that an earlier call has made. */
  get exposure(): ServerNames {
    const { call, gateway } = this;
    return (this.#names ??= serverNamesOf(
      gateway.keyring,
      call.endpoint,
      call.principal,
      call.target.upstream,
      (taskId) => this.#entry?.toolOf(taskId) ?? this.#note(taskId),
    ));
  }

  get signal(): CancelSignal {
    return this.run.signal;
  }

  get abortSignal(): AbortSignal {
    return this.run.abortSignal;
  }

  listChanged(raw: RawMessage<JsonRpcNotification>): void {
    this.gateway.syncRequests.changed(this.call.target.upstream);
    this.#entry?.listChanged(raw);
  }

  notifyUpstream(text: string): void {
    void this.#entry?.open.notify(text);
  }

  /** The client waits with this request now; or, with null, with none. */
  attend(call: UpstreamCall | null): void {
    if (call !== null) {
      this.call = call;
      this.clientToken = progressTokenOf(call);
    }
    if (this.#messages !== null) this.#messages.client = call?.client ?? null;
  }

  /** Like `request`, for answers that have to be read: whatever their size, they come whole. */
  async send(params?: ParamChanges): Promise<UpstreamResponse> {
    this.#passes = false;
    const reply = await this.request(params);
    if (reply.kind === 'response') return reply;
    throw new TypeError('an answer that nobody can pass on came as a stream');
  }

  /**
   * Sends the call and waits for its answer, or for as much of it as is held; every failure is a DomainError of the
   * UPSTREAM_* family, except a cancellation, which rejects with the signal's reason.
   */
  async request(params?: ParamChanges): Promise<UpstreamResponse | StreamedAnswer> {
    const { gateway, call, spoken } = this;
    const { upstream } = call.target;
    if (spoken.era === 'MODERN' && upstream.transport === 'STREAMABLE_HTTP') {
      const reply = await this.#exchange(gateway.links.stateless(upstream, spoken), null, params);
      if (reply.kind !== 'session-ended') return reply;
      throw lostAgain(upstream.slug);
    }
    for (let isLast = false; ; isLast = true) {
      const leased = gateway.links.lease(linkOwnerOf(gateway, call, upstream, spoken), upstream);
      const entry = leased instanceof Promise ? await leased : leased;
      let isOver = true;
      try {
        if (call.client.session?.hasStream === true) entry.open.listen();
        if (call.client.logLevel !== null) await fitLevel(entry, call.client.session, call.client.logLevel);
        const id = entry.open.nextId();
        const reply = await this.#exchange(entry, id, params);
        if (reply.kind === 'stream') {
          isOver = false;
          return releasing(entry, reply);
        }
        if (reply.kind === 'response' && (isLast || !sessionIsLost(reply, id))) return reply;
        entry.forget();
      } finally {
        if (isOver) entry.release();
      }
      if (isLast) throw lostAgain(upstream.slug);
    }
  }

  /** What the client is answered for the upstream's answer. */
  answer(reply: UpstreamResponse): Answer {
    const { call, gateway, passThrough } = this;
    gateway.metrics.upstreamRequest({ upstream: call.target.upstream.slug, outcome: 'ok' });
    const answer = answerOf(translateUpstreamReply(this.#replyInput(reply)));
    // Streams can be resumed, and a client that was given one by the upstream counts on that.
    const isStream = passThrough && reply.bytes === null && call.client.session !== null;
    return isStream ? { ...answer, isStream } : answer;
  }

  /** What an answer becomes on its way to the client depends on this. */
  context(): ReplyContext {
    return this.#replyInput(null);
  }

  /**
   * What the client is answered when the call failed. A failing upstream is told in-band (HTTP 200, −31002); every other
   * error is thrown on.
   */
  failed(error: unknown): Answer {
    // Why it was cut, in the words of whoever cut it: on its way here the error may have been dressed as the upstream's.
    if (this.signal.aborted) throw this.signal.reason;
    return upstreamFailed(this.gateway, this.call, error);
  }

  #replyInput<Reply>(reply: Reply): ReplyContext & { readonly reply: Reply } {
    const { call, clientEra, gateway, passThrough, upstreamEra } = this;
    const { message, target } = call;
    const bothModern = clientEra === 'MODERN' && upstreamEra === 'MODERN';
    return {
      clientEra,
      upstreamEra,
      upstreamName: target.upstream.slug,
      method: message.method,
      clientId: message.received.message.id,
      reply,
      serverInfo: gateway.serverInfo,
      exposeUri: this.#exposure.exposeUri,
      exposeTask: this.#exposure.exposeTask,
      sealState: bothModern && !passThrough ? (state) => sealState(gateway, call, { kind: 'upstream', state }) : null,
      takesTasks: upstreamEra === 'MODERN' && hasExtension(call.client.capabilities, TASKS_EXTENSION),
      verbatim: passThrough && clientEra === upstreamEra,
    };
  }

  /** The tool whose call made a task, as far as it is not known better. */
  #note(taskId: string): string {
    const { objectId } = this.call.target;
    this.#entry?.noteTask(taskId, objectId);
    return objectId;
  }

  #nameChanges(params: ParamChanges | undefined): ParamChanges | undefined {
    const { message, target } = this.call;
    const { message: request, text } = message.received;
    if (message.method !== 'completion/complete') {
      // Those that the upstream is not to have have been taken away already.
      if (request.params?.['inputResponses'] === undefined || params?.['inputResponses'] !== undefined) return params;
      const inputResponses = originalInputResponses(text, request.params, this.exposure);
      return inputResponses === null ? params : { ...params, inputResponses };
    }
    if (target.originalName === target.exposedName) return params;
    const ref = completionRefOf(message);
    if (ref === null) return params;
    const refText = memberValue(memberValue(text, 'params') ?? '{}', 'ref') ?? '{}';
    return { ...params, ref: rewriteObject(refText, { [ref.member]: JSON.stringify(target.originalName) }) };
  }

  #exchange(
    entry: LinkEntry,
    id: number | null,
    params: ParamChanges | undefined,
  ): Promise<UpstreamReply | StreamedAnswer> {
    const { call, clientEra, clientToken, gateway, signal, spoken } = this;
    const { message, posted, rule, target } = call;
    const { received } = message;
    if (signal.aborted) return Promise.reject(signal.reason);
    const link = entry.open;
    this.#entry = entry;
    const built = buildUpstreamRequest({
      clientEra,
      peer: link.identity,
      received,
      originalName: target.originalName === target.exposedName ? null : target.originalName,
      id,
      client: clientEra === 'LEGACY' && spoken.era === 'MODERN' ? legacyClientOf(gateway, call, spoken) : nobody,
      paramHeaders: rule.kind === 'TOOL' ? paramHeadersOf(target) : [],
      params: this.#nameChanges(params),
    });
    built.headers['x-request-id'] = posted.requestId;
    addForwardedHeaders(built.headers, target.upstream, received.headers);
    const messages = new CallMessages(this, call.client, clientToken === null ? null : (id ?? clientToken));
    this.#messages = messages;
    const { headers, body, operation } = traceUpstream(gateway.telemetry, call, spoken, built);
    const request = { headers, body, id: id ?? received.message.id, method: message.method, signal, messages };
    if (id !== null) entry.calls.set(id, messages);
    const { streamAbove } = gateway.config.outbound;
    const reply = this.#passes ? link.callOrStream(request, streamAbove) : link.call(request);
    const answered = operation === null ? reply : told(operation, reply);
    return id === null ? answered : answered.finally(() => entry.calls.delete(id));
  }
}

type AnyReply = UpstreamReply | StreamedAnswer;

/** The same reply, of which a span hears. */
const told = (operation: ClientOperation, reply: Promise<AnyReply>): Promise<AnyReply> =>
  reply.then(
    (answered) => {
      if (answered.kind === 'stream') return operation.passes(answered);
      operation.answered(answered);
      return answered;
    },
    (error: unknown) => {
      operation.failed(error);
      throw error;
    },
  );

/** The same answer, whose link is needed until it is over. */
const releasing = (entry: LinkEntry, answer: StreamedAnswer): StreamedAnswer => ({
  ...answer,
  pipe: (context, open) => answer.pipe(context, open).finally(() => entry.release()),
});

const nobody = { info: {}, capabilities: {} };
