import { discoverResult, EMPTY_RESULT, initializeResult, jsonRpcResult, type ServerIdentity } from '#mcp';
import type { Gateway } from '../gateway.js';
import { ownUpstream } from '../relay/endpoint-upstreams.js';
import { initializeUpstream } from '../relay/pass-through.js';
import { setSessionLevel } from '../relay/set-session-level.js';
import { upstreamFailed } from '../relay/upstream-failed.js';
import type { Answer, ConformingCall, LocalCall } from './calls.js';
import { capabilitiesOf } from './capabilities.js';
import { listPage } from './list-page.js';
import { wholeUpstream } from './rights.js';

/** As for lists: who may see what can change at any moment. */
const discoverTtlMs = 0;

const identityOf = ({ serverInfo }: Gateway, { endpoint, message }: ConformingCall): ServerIdentity => ({
  serverInfo,
  capabilities: capabilitiesOf(endpoint, message.era),
  instructions: endpoint.instructions,
});

const answered = ({ message }: ConformingCall, result: string): Answer => ({
  status: 200,
  body: jsonRpcResult(message.received.message.id, result),
  outcome: 'ALLOWED',
  reason: null,
});

/** Answers `server/discover` from what the snapshot knows. */
export const answerDiscover = (gateway: Gateway, call: ConformingCall): Answer =>
  answered(call, discoverResult(identityOf(gateway, call), discoverTtlMs));

/** Answers `initialize`: a pass-through to a legacy upstream opens the session there, and says what it said. */
async function initialize(gateway: Gateway, call: LocalCall): Promise<Answer> {
  const upstream = ownUpstream(call.endpoint);
  if (upstream !== null) {
    const target = wholeUpstream(upstream);
    try {
      const spoken = await gateway.links.eraFor(upstream, 'LEGACY');
      if (spoken.era === 'LEGACY') return await initializeUpstream(gateway, call, target, spoken);
    } catch (error) {
      return upstreamFailed(gateway, { ...call, target }, error);
    }
  }
  return answered(call, initializeResult(call.protocolVersion, identityOf(gateway, call)));
}

/** Answers what needs no upstream: the handshake of either era, lists from the snapshot, levels, listening, ping. */
export function answerLocally(gateway: Gateway, call: LocalCall): Answer | Promise<Answer> {
  const { message, rule } = call;
  if (rule.kind !== null) return answered(call, listPage(gateway, call, rule.kind));
  switch (message.method) {
    case 'initialize':
      return initialize(gateway, call);
    case 'server/discover':
      return answerDiscover(gateway, call);
    case 'logging/setLevel':
      return setSessionLevel(gateway, call);
    case 'subscriptions/listen':
      return gateway.listeners.serve(gateway, call);
    default:
      return answered(call, EMPTY_RESULT);
  }
}
