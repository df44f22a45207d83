import type { Gateway } from '../gateway.js';
import type { Session } from '../sessions/session.js';
import { beginServerOperation, endServerOperation } from '../telemetry/server-operation.js';
import { answerError } from './answer-error.js';
import { answerCall } from './answer-call.js';
import { authorize } from './authorize.js';
import { beginSession } from './begin-session.js';
import type { Answer, IdentifiedCall, PostedMessage } from './calls.js';
import { checkProtocol } from './check-protocol.js';
import { limitCaller } from './limit-caller.js';
import { MessageClient } from './message-client.js';
import { openEvidence, record } from './record.js';
import type { Reply } from './reply.js';
import { resolveRoute } from './resolve-route.js';
import { takeUnanswered } from './take-unanswered.js';

/** A message that wants no answer. */
const accepted: Answer = { status: 202, body: null, outcome: 'ALLOWED', reason: null };

/** A POST whose sender is known, and where its answers go. */
export interface Served {
  readonly identified: IdentifiedCall;
  readonly session: Session | null;
  readonly reply: Reply;
  /** Why the session that the client named is not there; each message is told, and recorded. */
  readonly problem: unknown;
}

/** One message of somebody who is known: the steps in their order, and a record of what came of them. */
export async function serveMessage(gateway: Gateway, served: Served, message: PostedMessage): Promise<Answer> {
  const { identified, problem, reply, session } = served;
  const evidence = openEvidence(identified, message);
  if (gateway.telemetry !== null) beginServerOperation(gateway.telemetry, identified, message);
  const client = new MessageClient(reply, message, session);
  const running = message.kind === 'request' ? session : null;
  running?.begin(client);
  try {
    const taken = limitCaller(gateway, identified, message);
    const limited = taken instanceof Promise ? await taken : taken;
    const routed = resolveRoute(limited, message, client);
    evidence.routed = routed;
    if (problem !== null) throw problem;
    const conforming = checkProtocol(routed);
    if (message.kind !== 'request') {
      takeUnanswered(gateway, conforming, session);
      return accepted;
    }
    const authorized = authorize(gateway, conforming);
    evidence.authorized = authorized;
    evidence.answer =
      message.method === 'initialize'
        ? await beginSession(gateway, authorized, client, reply)
        : await answerCall(gateway, authorized);
    return evidence.answer;
  } catch (error) {
    evidence.answer = answerError(gateway, identified.posted, identified.posted.route, message.id, error);
    return evidence.answer;
  } finally {
    running?.end(client);
    record(gateway, evidence);
    if (gateway.telemetry !== null) endServerOperation(evidence);
  }
}
