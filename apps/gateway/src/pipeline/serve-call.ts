import type { Gateway } from '../gateway.js';
import type { Exchange } from '../http/exchange.js';
import { answerError } from './answer-error.js';
import { answerLocally } from './answer-locally.js';
import { authorize } from './authorize.js';
import { CredentialError } from './call-error.js';
import { callUpstream } from './call-upstream.js';
import type { Answer, IdentifiedCall, PostedMessage } from './calls.js';
import { checkAddress } from './check-address.js';
import { checkProtocol } from './check-protocol.js';
import { admit, identify } from './identify.js';
import type { McpRoute } from './mcp-route.js';
import { readMessages } from './read-messages.js';
import { receive } from './receive.js';
import { openEvidence, record } from './record.js';
import { reply } from './reply.js';
import { resolveRoute } from './resolve-route.js';

/** A message that wants no answer. */
const accepted: Answer = { status: 202, body: null, outcome: 'ALLOWED', reason: null };

/** One HTTP request to an MCP route, from its headers to its answer. Never rejects. */
export async function serveCall(gateway: Gateway, exchange: Exchange, route: McpRoute): Promise<void> {
  try {
    const received = receive(gateway, exchange, route);
    const addressed = checkAddress(gateway, received);
    // A stranger's body is not worth reading …
    admit(gateway, addressed);
    const posted = await readMessages(gateway, addressed);
    // … and what was live when the headers came may be gone when the body is there.
    const identified = identify(gateway, posted);
    const answers = await Promise.all(posted.messages.map((message) => serveMessage(gateway, identified, message)));
    reply(gateway, exchange, answers, posted.isBatch);
  } catch (error) {
    if (error instanceof CredentialError) countRefusal(gateway, exchange, error);
    reply(gateway, exchange, [answerError(gateway, exchange, route, null, error)], false);
  }
}

/** One message of somebody who is known: the steps in their order, and a record of what came of them. */
async function serveMessage(gateway: Gateway, identified: IdentifiedCall, message: PostedMessage): Promise<Answer> {
  const evidence = openEvidence(identified, message);
  try {
    const routed = resolveRoute(identified, message);
    evidence.routed = routed;
    const conforming = checkProtocol(routed);
    if (message.kind !== 'request') return accepted;
    const authorized = authorize(conforming);
    evidence.authorized = authorized;
    evidence.answer =
      authorized.target === null ? answerLocally(gateway, authorized) : await callUpstream(gateway, authorized);
    return evidence.answer;
  } catch (error) {
    evidence.answer = answerError(gateway, identified.posted, identified.posted.route, message.id, error);
    return evidence.answer;
  } finally {
    record(gateway, evidence);
  }
}

/** Refused credentials are counted, not recorded one by one: they cost a guesser nothing. */
function countRefusal({ metrics, refusals }: Gateway, { request }: Exchange, { problem }: CredentialError): void {
  metrics.refusedCredential(problem);
  refusals.refused({ ip: request.socket.remoteAddress ?? null, reason: problem });
}
