import { inputRequiredResult, inputResponsesOf, jsonRpcResult, type InputRequest } from '#mcp';
import { newId } from '#kernel';
import type { Gateway } from '../gateway.js';
import { answerError } from '../pipeline/answer-error.js';
import { CallError } from '../pipeline/call-error.js';
import type { Answer, UpstreamCall } from '../pipeline/calls.js';
import { handOver } from '../pipeline/hand-over.js';
import { openEvidence, record } from '../pipeline/record.js';
import type { RunningCall } from '../pipeline/running-calls.js';
import { answerTo } from './answer-to.js';
import { ParkedCall } from './parked-call.js';
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
 * The calls of modern clients that wait, at a legacy upstream, for what their client was asked for (mcp.md §2.3, M→L).
 * The client's retry finds its call here; no other process has it.
 */
export class ParkedCalls {
  readonly #calls = new Map<string, ParkedCall>();
  readonly #perToken = new Map<string, number>();

  /** Calls that wait for their client now. */
  get size(): number {
    return this.#calls.size;
  }

  /** Sends a call and answers with what comes first: its result, or questions for the client. Ends `run` in time. */
  begin(relay: Relay, run: RunningCall, params: ParamChanges | undefined): Promise<Answer> {
    return this.#answer(new ParkedCall(relay, run, params));
  }

  /** Goes on with the call that a retry belongs to, here or in the process that has it (−32602 when none has). */
  async resume(
    gateway: Gateway,
    call: UpstreamCall,
    { callId, ownerId, round }: Extract<RequestState, { kind: 'parked' }>,
  ): Promise<Answer> {
    if (ownerId !== gateway.owners.selfId) {
      const answer = await handOver(gateway, call, ownerId);
      if (answer === null) throw badState();
      return answer;
    }
    const parked = this.#calls.get(callId);
    if (parked === undefined || parked.attended || parked.round !== round) throw badState();
    this.#forget(parked);
    parked.attended = true;
    parked.relay.attend(call);
    parked.take(inputResponsesOf(call.message.received.text, call.message.received.message.params));
    return this.#answer(parked);
  }

  async #answer(parked: ParkedCall): Promise<Answer> {
    const { relay, run } = parked;
    const { call } = relay;
    call.client.onGone((reason) => {
      if (parked.attended && relay.call === call) run.abort(reason);
    });
    try {
      const round = await parked.next();
      if ('asked' in round) return this.#park(parked, round.asked);
      run.end();
      return await answerTo(relay, round.reply);
    } catch (error) {
      run.end();
      return relay.failed(error);
    }
  }

  #park(parked: ParkedCall, asked: readonly InputRequest[]): Answer {
    const { relay } = parked;
    const { call, gateway } = relay;
    const { tokenId } = call.principal;
    const { maxParkedCalls, parkedCallTtl } = gateway.config.gateway;
    const waiting = this.#perToken.get(tokenId) ?? 0;
    if (waiting >= maxParkedCalls) {
      parked.run.abort(tooMany());
      throw parked.run.signal.reason;
    }
    parked.round = newId();
    const ownerId = gateway.owners.selfId;
    const state = sealState(gateway, call, { kind: 'parked', ownerId, callId: parked.id, round: parked.round });
    const result = inputRequiredResult(asked, state, gateway.serverInfo);
    parked.attended = false;
    relay.attend(null);
    this.#calls.set(parked.id, parked);
    this.#perToken.set(tokenId, waiting + 1);
    parked.expiry = setTimeout(() => parked.run.abort(expired()), parkedCallTtl);
    parked.expiry.unref();
    parked.run.signal.addEventListener('abort', () => this.#ended(parked), { once: true });
    return {
      status: 200,
      body: jsonRpcResult(call.message.received.message.id, result),
      outcome: 'ALLOWED',
      reason: null,
      details: { inputRequired: asked.length },
    };
  }

  /** A call ended while nobody waited for it: it leaves a record of its own. */
  #ended(parked: ParkedCall): void {
    if (parked.attended) return;
    const { call, gateway } = parked.relay;
    this.#forget(parked);
    parked.attended = true;
    parked.run.end();
    const { posted } = call;
    const answer = answerError(gateway, posted, posted.route, call.message.id, parked.run.signal.reason);
    record(gateway, { ...openEvidence(call, call.message), routed: call, authorized: call, answer });
  }

  #forget(parked: ParkedCall): void {
    const { tokenId } = parked.relay.call.principal;
    if (!this.#calls.delete(parked.id)) return;
    clearTimeout(parked.expiry ?? undefined);
    const left = (this.#perToken.get(tokenId) ?? 1) - 1;
    if (left > 0) this.#perToken.set(tokenId, left);
    else this.#perToken.delete(tokenId);
  }
}
