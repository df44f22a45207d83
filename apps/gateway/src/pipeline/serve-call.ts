import type { Gateway } from '../gateway.js';
import type { Exchange } from '../http/exchange.js';
import { send } from '../http/send.js';
import { endSession } from '../sessions/end-session.js';
import { serveStream } from '../sessions/serve-stream.js';
import type { Session } from '../sessions/session.js';
import { answerError } from './answer-error.js';
import { CallError, CredentialError } from './call-error.js';
import type { AddressedCall, KnownCall } from './calls.js';
import { checkAddress } from './check-address.js';
import { elsewhere, findSession, sessionIdOf } from './find-session.js';
import { admit, identify } from './identify.js';
import { limitRequest } from './limit-caller.js';
import type { McpRoute } from './mcp-route.js';
import { bodyOf, readMessages } from './read-messages.js';
import { receive } from './receive.js';
import { HttpReply, type Reply } from './reply.js';
import { serveMessage } from './serve-message.js';
import { StreamReply } from './stream-reply.js';

/** One HTTP request to an MCP route, from its headers to its answer. Never rejects. */
export async function serveCall(gateway: Gateway, exchange: Exchange, route: McpRoute): Promise<void> {
  try {
    const received = receive(gateway, exchange, route);
    const addressed = checkAddress(gateway, received);
    // A stranger's body is not worth reading …
    const admitted = admit(gateway, addressed);
    const { method } = exchange.request;
    if (method === 'POST') await servePost(gateway, addressed);
    else {
      await limitRequest(gateway, exchange, admitted.principal);
      if (method === 'GET') await serveStream(gateway, { ...addressed, ...admitted });
      else await endSession(gateway, { ...addressed, ...admitted });
    }
  } catch (error) {
    if (error instanceof CredentialError) countRefusal(gateway, exchange, error);
    send(gateway, exchange, answerError(gateway, exchange, route, null, error));
  }
}

/** One POST of somebody who may call: its session, then each of its messages. */
async function servePost(gateway: Gateway, addressed: AddressedCall): Promise<void> {
  const posted = readMessages(gateway, addressed, await bodyOf(gateway, addressed));
  // … and what was live when the headers came may be gone when the body is there.
  const known = identify(gateway, posted);
  let session: Session | null = null;
  let problem: unknown = null;
  try {
    const found = sessionOf(gateway, known);
    if (found instanceof Promise) {
      await found;
      return;
    }
    session = found;
  } catch (error) {
    problem = error;
  }
  const reply: Reply = session?.usesHttpSse
    ? new StreamReply(gateway, posted, session)
    : new HttpReply(gateway, posted, session, posted.isBatch);
  const { principal, snapshot, tokenHash } = known;
  const served = { identified: { posted, snapshot, principal, tokenHash, session }, session, reply, problem };
  const [first] = posted.messages;
  if (posted.messages.length === 1 && first) reply.settle(await serveMessage(gateway, served, first), 0);
  else
    await Promise.all(
      posted.messages.map(async (message, index) => reply.settle(await serveMessage(gateway, served, message), index)),
    );
  reply.finish();
}

/** The session that a POST names. `initialize` begins one, and modern clients have none, so what they name is ignored. */
function sessionOf(
  gateway: Gateway,
  { posted, principal, tokenHash }: KnownCall,
): Session | null | Promise<typeof elsewhere> {
  const { body, isBatch, messages, route } = posted;
  const [first] = messages;
  if (route.transport === 'http' && !isBatch && (first?.era === 'MODERN' || first?.method === 'initialize'))
    return null;
  const id = sessionIdOf(posted, route);
  if (id === null) {
    if (route.transport === 'http') return null;
    throw new CallError('MALFORMED_REQUEST', 'Open the stream first, and post to the address that it tells.', {
      status: 400,
    });
  }
  return findSession(gateway, { ...posted, principal, tokenHash }, id, body);
}

/** Refused credentials are counted, not recorded one by one: they cost a guesser nothing. */
function countRefusal({ metrics, refusals }: Gateway, { ip }: Exchange, { problem }: CredentialError): void {
  metrics.refusedCredential(problem);
  refusals.refused({ ip, reason: problem });
}
