import { isObject, type JsonObject } from '#mcp';
import type { Gateway } from '../gateway.js';
import { timeSession } from '../telemetry/session-times.js';
import { answerCall } from './answer-call.js';
import { CallCancelled, invalidParams } from './call-error.js';
import type { Answer, AuthorizedCall } from './calls.js';
import type { MessageClient } from './message-client.js';
import type { Reply } from './reply.js';

/** Characters of what a client says about itself; it is kept for as long as the session. */
const maxIntroduction = 32 * 1024;

function introductionOf({ message }: AuthorizedCall): { info: JsonObject | null; capabilities: JsonObject } {
  const { capabilities, clientInfo } = message.received.message.params ?? {};
  const said = {
    info: isObject(clientInfo) ? clientInfo : null,
    capabilities: isObject(capabilities) ? capabilities : {},
  };
  if (message.received.text.length > maxIntroduction && JSON.stringify(said).length > maxIntroduction)
    throw invalidParams(`"capabilities" and "clientInfo" have more than ${maxIntroduction} characters`);
  return said;
}

/**
 * Answers `initialize`, with a session that is there from the answer on; nothing stays of it when the answer is an error.
 * Over HTTP+SSE the session began with the stream, and only learns who its client is.
 */
export async function beginSession(
  gateway: Gateway,
  call: AuthorizedCall,
  client: MessageClient,
  reply: Reply,
): Promise<Answer> {
  const { info, capabilities } = introductionOf(call);
  const { principal, posted, protocolVersion, tokenHash } = call;
  const known = client.session;
  const session = known ?? gateway.sessions.create(principal, tokenHash, posted.route, protocolVersion);
  session.agree(protocolVersion);
  session.introduce(info, capabilities);
  if (known !== null) return answerCall(gateway, call);
  client.session = session;
  reply.carries(session);
  try {
    const answered = await answerCall(gateway, call);
    if (answered.outcome !== 'ALLOWED') return answered;
    gateway.sessions.add(session);
    if (gateway.telemetry !== null) timeSession(gateway.telemetry, session);
    return { ...answered, headers: { ...answered.headers, 'mcp-session-id': session.id } };
  } finally {
    if (!gateway.sessions.has(session)) session.close(new CallCancelled());
  }
}
