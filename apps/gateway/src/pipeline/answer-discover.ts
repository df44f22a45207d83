import { discoverResult, jsonRpcResult, sharedResult, type ServerIdentity, type SharedText } from '#mcp';
import type { Gateway } from '../gateway.js';
import type { Answer, ConformingCall } from './calls.js';
import { capabilitiesOf } from './capabilities.js';

/** As for lists: who may see what can change at any moment. */
const discoverTtlMs = 0;

/** How an endpoint introduces itself to the sender of a message. */
export const identityOf = (
  { serverInfo }: Gateway,
  { endpoint, message, protocolVersion }: ConformingCall,
): ServerIdentity => ({
  serverInfo,
  capabilities: capabilitiesOf(endpoint, message.era, protocolVersion),
  instructions: endpoint.instructions,
});

/** A result that was made here. */
export const answered = ({ message: { received } }: ConformingCall, result: SharedText | string): Answer => ({
  status: 200,
  body:
    typeof result === 'string' ? jsonRpcResult(received.message.id, result) : sharedResult(received.message.id, result),
  outcome: 'ALLOWED',
  reason: null,
});

/** Answers `server/discover` from what the snapshot knows. */
export const answerDiscover = (gateway: Gateway, call: ConformingCall): Answer =>
  answered(call, discoverResult(identityOf(gateway, call), discoverTtlMs));
