import { isObject } from '#mcp';
import type { Gateway } from '../gateway.js';
import type { Answer, UpstreamCall } from '../pipeline/calls.js';
import { beginHeld, claimOf } from '../pipeline/claim.js';
import type { SpokenEra } from '../upstream-pool/link-opener.js';
import { answerTo } from './answer-to.js';
import { beginParkable, resumeParked } from './parked-call.js';
import { passAnswer } from './pass-answer.js';
import { Relay, type ParamChanges } from './relay.js';
import { openState, type RequestState } from './request-state.js';

/** Methods whose result may ask for input (2026-07-28, Multi Round-Trip Requests). */
const multiRound = new Set(['tools/call', 'prompts/get', 'resources/read']);

/** What the client carries between rounds, where that is Gatehouse's business; a modern pass-through keeps out of it. */
function stateOf(gateway: Gateway, call: UpstreamCall, spoken: SpokenEra): RequestState | null {
  const { endpoint, message } = call;
  if (message.era === 'LEGACY' || !multiRound.has(message.method)) return null;
  return endpoint.kind === 'upstream' && spoken.era === 'MODERN' ? null : openState(gateway, call);
}

/** What of a retry goes to the upstream. A legacy one knows nothing of rounds. */
function paramsOf(call: UpstreamCall, spoken: SpokenEra, state: RequestState | null): ParamChanges | undefined {
  if (state?.kind === 'upstream') return { requestState: JSON.stringify(state.state) };
  const params = call.message.received.message.params;
  if (spoken.era === 'MODERN' || params === undefined) return undefined;
  return 'inputResponses' in params || state !== null ? { inputResponses: null, requestState: null } : undefined;
}

/** Whether a legacy upstream may ask this client something while the call is under way. */
const mayBeAsked = ({ client }: UpstreamCall): boolean => {
  const { elicitation, roots, sampling } = client.capabilities;
  return isObject(elicitation) || isObject(roots) || isObject(sampling);
};

/**
 * Carries one request to its upstream and the answer back, in all four pairs of eras (docs/protocol-support.md). The client's own
 * credential and cookies stay here. The call ends early when its right is taken away, and when its client cancels it.
 */
export async function relayCall(gateway: Gateway, call: UpstreamCall, spoken: SpokenEra): Promise<Answer> {
  const state = stateOf(gateway, call, spoken);
  if (state?.kind === 'parked') return resumeParked(gateway, call, state);
  const params = paramsOf(call, spoken, state);
  const run = beginHeld(gateway, call, claimOf(call));
  const relay = new Relay(gateway, call, spoken, run);
  const { era, method } = call.message;
  if (era === 'MODERN' && spoken.era === 'LEGACY' && multiRound.has(method) && mayBeAsked(call))
    return beginParkable(relay, run, params);
  call.client.onGone((reason) => run.abort(reason));
  try {
    const reply = await relay.request(params);
    const answer = reply.kind === 'stream' ? passAnswer(relay, reply) : answerTo(relay, reply);
    // Nearly always it is there, and awaiting it would cost a turn.
    return answer instanceof Promise ? await answer : answer;
  } catch (error) {
    return relay.failed(error);
  } finally {
    run.end();
  }
}
