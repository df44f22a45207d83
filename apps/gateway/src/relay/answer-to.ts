import {
  exposeServerRequest,
  fitServerRequest,
  inputRequiredResult,
  isObject,
  jsonRpcResult,
  mayAskClient,
  type InputRequest,
  type UpstreamResponse,
} from '#mcp';
import { newId } from '#kernel';
import type { Answer } from '../pipeline/calls.js';
import { asksForInput, fulfilInput } from './fulfil-input.js';
import type { Relay } from './relay.js';
import { sealState } from './request-state.js';

const urlElicitationRequired = -32042;

/** The pages that a legacy upstream wants the user to open first, as questions for a client that can do that. */
function urlsToOpen({ clientEra, upstreamEra, call, exposure }: Relay, { message }: UpstreamResponse): InputRequest[] {
  const { error } = message;
  if (error?.code !== urlElicitationRequired || clientEra === 'LEGACY' || upstreamEra === 'MODERN') return [];
  const elicitations = isObject(error.data) ? error.data['elicitations'] : null;
  if (!Array.isArray(elicitations) || !mayAskClient('elicitation/create', { mode: 'url' }, call.client.capabilities))
    return [];
  return elicitations.filter(isObject).map((elicitation, index) => {
    const params = { mode: 'url', ...elicitation };
    const fitted = fitServerRequest('elicitation/create', JSON.stringify(params), params, 'MODERN', newId);
    const paramsText = exposeServerRequest(fitted, params, exposure);
    return { key: `url-${index + 1}`, method: 'elicitation/create', params, paramsText };
  });
}

/** What the client is answered, or asked, for the upstream's answer. */
export function answerTo(relay: Relay, reply: UpstreamResponse): Answer | Promise<Answer> {
  if (asksForInput(relay, reply)) return fulfilInput(relay, reply);
  const urls = urlsToOpen(relay, reply);
  if (urls.length === 0) return relay.answer(reply);
  const { call, gateway } = relay;
  const result = inputRequiredResult(urls, sealState(gateway, call, { kind: 'again' }), gateway.serverInfo);
  const body = jsonRpcResult(call.message.received.message.id, result);
  return { status: 200, body, outcome: 'ALLOWED', reason: null, details: { inputRequired: urls.length } };
}
