import { EMPTY_RESULT, jsonRpcResult, logLevels } from '#mcp';
import type { Gateway } from '../gateway.js';
import { invalidParams } from '../pipeline/call-error.js';
import type { Answer, ConformingCall } from '../pipeline/calls.js';
import { fitLevel } from './own-request.js';
import { linksOf } from './session-links.js';

/** Answers `logging/setLevel`: from here on the session's client hears that level and above, from every upstream. */
export async function setSessionLevel(gateway: Gateway, { client, message }: ConformingCall): Promise<Answer> {
  const level = message.received.message.params?.['level'];
  if (typeof level !== 'string' || !logLevels.includes(level))
    throw invalidParams(`"level" must be one of ${logLevels.join(', ')}`);
  const { session } = client;
  if (session !== null) {
    session.logLevel = level;
    for (const entry of linksOf(gateway, session)) void fitLevel(entry, session, level);
  }
  const body = jsonRpcResult(message.received.message.id, EMPTY_RESULT);
  return { status: 200, body, outcome: 'ALLOWED', reason: null };
}
