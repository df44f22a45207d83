import {
  askable,
  exposeServerRequest,
  fitServerRequest,
  jsonRpcError,
  mayAskClient,
  memberValue,
  originalOutcome,
  readInputRequired,
  type InputRequest,
  type UpstreamResponse,
} from '#mcp';
import { newId } from '#kernel';
import type { Answer } from '../pipeline/calls.js';
import type { ParamChanges, Relay } from './relay.js';

/** An upstream's question that could not be answered; told to the client as the answer of its call. */
class InputRefused extends Error {}

/** True for an answer that a legacy client cannot understand: it asks for more. */
export const asksForInput = ({ clientEra, upstreamEra }: Relay, { message }: UpstreamResponse): boolean =>
  clientEra === 'LEGACY' && upstreamEra === 'MODERN' && message.result?.['resultType'] === 'input_required';

async function ask(
  { abortSignal: signal, call, exposure, inputTimeoutMs }: Relay,
  request: InputRequest,
): Promise<[string, string]> {
  const { client } = call;
  const { key, method, params, paramsText } = request;
  if (!askable.has(method) || !mayAskClient(method, params, client.capabilities))
    throw new InputRefused(`asks the client for something that it cannot do (${method.slice(0, 80)})`);
  const fitted = fitServerRequest(method, paramsText, params, 'LEGACY', newId);
  const until = AbortSignal.any([signal, AbortSignal.timeout(inputTimeoutMs)]);
  const shown = exposeServerRequest(fitted, params, exposure);
  const outcome = originalOutcome(await client.ask(method, shown, until), exposure);
  if (signal.aborted) throw signal.reason;
  if ('result' in outcome) return [key, outcome.result];
  // The one question with a word for "no".
  if (method === 'elicitation/create') return [key, '{"action":"cancel"}'];
  throw new InputRefused(`asked the client (${method}) and got an error for an answer`);
}

async function answersTo(relay: Relay, reply: UpstreamResponse): Promise<ParamChanges> {
  const need = readInputRequired(memberValue(reply.text, 'result') ?? '{}', reply.message.result ?? {});
  if (need === null) throw new InputRefused('asked for input in a way that is not the protocol’s');
  const answers = await Promise.all(need.requests.map((request) => ask(relay, request)));
  const members = answers.map(([key, result]) => `${JSON.stringify(key)}:${result}`);
  return {
    inputResponses: need.requests.length === 0 ? null : `{${members.join(',')}}`,
    requestState: need.requestState === null ? null : JSON.stringify(need.requestState),
  };
}

/**
 * Gets a legacy client's answers to what a modern upstream asks in its results, by real requests on the stream of the
 * call, and sends the call again with them, until there is an answer (docs/protocol-support.md).
 */
export async function fulfilInput(relay: Relay, first: UpstreamResponse): Promise<Answer> {
  const { call, gateway } = relay;
  const { maxInputRounds } = gateway.config.gateway;
  let reply = first;
  try {
    for (let round = 0; asksForInput(relay, reply); round++) {
      if (!call.client.canAsk) throw new InputRefused('asks for input, which this client cannot be asked for here');
      if (round >= maxInputRounds) throw new InputRefused(`asked for input more than ${maxInputRounds} times`);
      reply = await relay.send(await answersTo(relay, reply));
    }
    return relay.answer(reply);
  } catch (error) {
    if (!(error instanceof InputRefused)) throw error;
    const { slug } = call.target.upstream;
    const data = { reason: 'INPUT_REQUIRED', upstream: slug };
    const body = jsonRpcError(call.message.received.message.id, -31002, `Upstream "${slug}" ${error.message}`, data);
    return { status: 200, body, outcome: 'FAILED', reason: 'UPSTREAM_RPC_ERROR', details: { rpcCode: -31002 } };
  }
}
