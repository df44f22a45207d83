import { inputRequiredResult, inputResponsesOf, jsonRpcResult, type StreamedAnswer, type UpstreamResponse } from '#mcp';
import { newId } from '#kernel';
import type { Gateway } from '../gateway.js';
import { answerError } from '../pipeline/answer-error.js';
import { CallError } from '../pipeline/call-error.js';
import type { Answer, UpstreamCall } from '../pipeline/calls.js';
import { handOver } from '../pipeline/hand-over.js';
import { openEvidence, record } from '../pipeline/record.js';
import type { RunningCall } from '../pipeline/running-calls.js';
import { answerTo } from './answer-to.js';
import { AskedQuestions } from './asked-questions.js';
import type { Parked } from './parked-calls.js';
import { passAnswer } from './pass-answer.js';
import type { ParamChanges, Relay } from './relay.js';
import { badState, sealState, type RequestState } from './request-state.js';

const expired = () => new CallError('BAD_USER_INPUT', 'The input for the call did not come in time.', { status: 200 });

const tooMany = () =>
  new CallError('RATE_LIMITED', 'Too many calls of this token wait for input already.', {
    status: 429,
    headers: { 'retry-after': '1' },
    details: { retryAfterMs: 1000 },
  });

/**
 * A call of a modern client whose legacy upstream may ask it something (docs/protocol-support.md). The upstream's call goes on
 * while no request of the client waits for it; the client's retry finds it again.
 */
class ParkedCall implements Parked {
  readonly id = newId();
  round = '';
  /** Whether a request of the client waits for it now. */
  #attended = true;
  #expiry: NodeJS.Timeout | null = null;
  readonly #questions = new AskedQuestions();
  readonly #done: Promise<UpstreamResponse | StreamedAnswer>;
  /** What came, once it has. */
  #reply: UpstreamResponse | StreamedAnswer | null = null;

  constructor(
    private readonly relay: Relay,
    private readonly run: RunningCall,
    params: ParamChanges | undefined,
  ) {
    relay.park = (request) => this.#questions.ask(request);
    // The upstream is told that the call is cancelled; its questions need no answer any more.
    run.signal.addEventListener('abort', () => this.#ended(), { once: true });
    this.#done = relay.request(params).then((reply) => this.#came(reply));
    // Nobody may be waiting when it fails; whoever comes back hears of it then.
    this.#done.catch(() => undefined);
  }

  get tokenId(): string {
    return this.relay.call.principal.tokenId;
  }

  resume(call: UpstreamCall): Promise<Answer> {
    clearTimeout(this.#expiry ?? undefined);
    this.#attended = true;
    this.relay.attend(call);
    this.#questions.answer(inputResponsesOf(call.message.received.text, call.message.received.message.params));
    return this.answer();
  }

  /** Answers with what comes first: the upstream's answer, or its questions. */
  async answer(): Promise<Answer> {
    const { relay, run } = this;
    const { call } = relay;
    call.client.onGone((reason) => {
      if (this.#attended && relay.call === call) run.abort(reason);
    });
    try {
      const first = await Promise.race([this.#done, this.#questions.asked()]);
      const reply = first ?? this.#reply;
      if (reply === null) return this.#park();
      // Until its end the answer can be cut.
      if (reply.kind === 'stream') return await passAnswer(relay, reply).finally(() => run.end());
      run.end();
      return await answerTo(relay, reply);
    } catch (error) {
      run.end();
      return relay.failed(error);
    }
  }

  /** A large answer is held where nobody waits for it now. */
  async #came(reply: UpstreamResponse | StreamedAnswer): Promise<UpstreamResponse | StreamedAnswer> {
    const isAwaited = reply.kind === 'response' || this.#attended;
    const came = isAwaited ? reply : await reply.pipe(this.relay.context(), () => null);
    if (came.kind === 'passed') throw new TypeError('an answer that was to be held was passed on');
    this.#reply = came;
    return came;
  }

  #park(): Answer {
    const { relay, run } = this;
    const { call, gateway } = relay;
    const { maxParkedCalls, parkedCallTtl } = gateway.config.gateway;
    if (gateway.parked.of(this.tokenId) >= maxParkedCalls) {
      run.abort(tooMany());
      throw run.signal.reason;
    }
    this.round = newId();
    const asked = this.#questions.open;
    const ownerId = gateway.owners.selfId;
    const state = sealState(gateway, call, { kind: 'parked', ownerId, callId: this.id, round: this.round });
    const result = inputRequiredResult(asked, state, gateway.serverInfo);
    this.#attended = false;
    relay.attend(null);
    gateway.parked.add(this);
    this.#expiry = setTimeout(() => run.abort(expired()), parkedCallTtl);
    this.#expiry.unref();
    return {
      status: 200,
      body: jsonRpcResult(call.message.received.message.id, result),
      outcome: 'ALLOWED',
      reason: null,
      details: { inputRequired: asked.length },
    };
  }

  /** A call that ends while nobody waits for it leaves a record of its own. */
  #ended(): void {
    this.#questions.clear();
    if (this.#attended) return;
    const { call, gateway } = this.relay;
    clearTimeout(this.#expiry ?? undefined);
    gateway.parked.remove(this);
    this.#attended = true;
    this.run.end();
    const { posted } = call;
    const answer = answerError(gateway, posted, posted.route, call.message.id, this.run.signal.reason);
    record(gateway, { ...openEvidence(call, call.message), routed: call, authorized: call, answer });
  }
}

/** Sends a call that may have to wait for its client, and answers with its result or with questions. Ends `run` in time. */
export const beginParkable = (relay: Relay, run: RunningCall, params: ParamChanges | undefined): Promise<Answer> =>
  new ParkedCall(relay, run, params).answer();

/** Goes on with the call that a retry belongs to, here or in the process that has it (−32602 when none has). */
export async function resumeParked(
  gateway: Gateway,
  call: UpstreamCall,
  { callId, ownerId, round }: Extract<RequestState, { kind: 'parked' }>,
): Promise<Answer> {
  if (ownerId !== gateway.owners.selfId) {
    const answer = await handOver(gateway, call, ownerId);
    if (answer === null) throw badState();
    return answer;
  }
  const parked = gateway.parked.take(callId, round);
  if (parked === null) throw badState();
  return parked.resume(call);
}
