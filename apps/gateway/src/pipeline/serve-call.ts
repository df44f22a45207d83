import type { Gateway } from '../gateway.js';
import type { Exchange } from '../http/exchange.js';
import { send } from '../http/send.js';
import { endSession } from '../sessions/end-session.js';
import { serveStream } from '../sessions/serve-stream.js';
import type { Session } from '../sessions/session.js';
import { answerError } from './answer-error.js';
import { CallError, CredentialError } from './call-error.js';
import type { AddressedCall, KnownCall, PostedCall } from './calls.js';
import { checkAddress } from './check-address.js';
import { elsewhere, findSession, sessionIdOf } from './find-session.js';
import { admit, identify } from './identify.js';
import { limitRequest } from './limit-caller.js';
import type { McpRoute } from './mcp-route.js';
import { bodyOf, readMessages } from './read-messages.js';
import { receive } from './receive.js';
import { HttpReply, type Reply } from './reply.js';
import { serveMessage, type Served } from './serve-message.js';
import { StreamReply } from './stream-reply.js';

type Admitted = ReturnType<typeof admit>;

/**
 * One HTTP request to an MCP route, from its headers to its answer. A promise, which never rejects, where the answer
 * takes time. Not an async function itself: each of those on the way of a call costs about as much as parsing it.
 */
export function serveCall(gateway: Gateway, exchange: Exchange, route: McpRoute): Promise<void> | null {
  let addressed: AddressedCall;
  let admitted: Admitted;
  try {
    addressed = checkAddress(gateway, receive(gateway, exchange, route));
    // A stranger's body is not worth reading …
    admitted = admit(gateway, addressed);
  } catch (error) {
    refuse(gateway, exchange, route, error);
    return null;
  }
  return exchange.request.method === 'POST'
    ? servePost(gateway, addressed)
    : serveSession(gateway, { ...addressed, ...admitted });
}

/** A request that is refused as a whole. */
function refuse(gateway: Gateway, exchange: Exchange, route: McpRoute, error: unknown): void {
  if (error instanceof CredentialError) countRefusal(gateway, exchange, error);
  send(gateway, exchange, answerError(gateway, exchange, route, null, error));
}

/** A GET or a DELETE: what a session listens to, or its end. */
async function serveSession(gateway: Gateway, call: AddressedCall & Admitted): Promise<void> {
  try {
    await limitRequest(gateway, call, call.principal);
    if (call.request.method === 'GET') await serveStream(gateway, call);
    else await endSession(gateway, call);
  } catch (error) {
    refuse(gateway, call, call.route, error);
  }
}

/** One POST of somebody who may call. */
async function servePost(gateway: Gateway, addressed: AddressedCall): Promise<void> {
  try {
    const begun = begin(gateway, readMessages(gateway, addressed, await bodyOf(gateway, addressed)));
    const served = begun instanceof Promise ? await begun : begun;
    if (served === elsewhere) return;
    const { identified, reply } = served;
    const { messages } = identified.posted;
    const [first] = messages;
    if (messages.length === 1 && first) reply.settle(await serveMessage(gateway, served, first), 0);
    else
      await Promise.all(
        messages.map(async (message, index) => reply.settle(await serveMessage(gateway, served, message), index)),
      );
    reply.finish();
  } catch (error) {
    refuse(gateway, addressed, addressed.route, error);
  }
}

/** A POST whose messages were read, with its session; `elsewhere` where another process has answered. */
function begin(gateway: Gateway, posted: PostedCall): Served | Promise<Served | typeof elsewhere> {
  // … and what was live when the headers came may be gone when the body is there.
  const known = identify(gateway, posted);
  let session: Session | null;
  try {
    const found = sessionOf(gateway, known);
    if (found instanceof Promise) return found.catch((error: unknown) => servedBy(gateway, known, null, error));
    session = found;
  } catch (error) {
    return servedBy(gateway, known, null, error);
  }
  return servedBy(gateway, known, session, null);
}

function servedBy(gateway: Gateway, known: KnownCall, session: Session | null, problem: unknown): Served {
  const { posted, principal, snapshot, tokenHash } = known;
  const reply: Reply = session?.usesHttpSse
    ? new StreamReply(gateway, posted, session)
    : new HttpReply(gateway, posted, session, posted.isBatch);
  return { identified: { posted, snapshot, principal, tokenHash, session }, session, reply, problem };
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
