import { EMPTY_RESULT, initializeResult } from '#mcp';
import type { Gateway } from '../gateway.js';
import { ownUpstream } from '../relay/endpoint-upstreams.js';
import { serveListen } from '../relay/listen.js';
import { initializeUpstream } from '../relay/pass-through.js';
import { setSessionLevel } from '../relay/set-session-level.js';
import { upstreamFailed } from '../relay/upstream-failed.js';
import { answerDiscover, answered, identityOf } from './answer-discover.js';
import type { Answer, LocalCall } from './calls.js';
import { listPage } from './list-page.js';
import { wholeUpstream } from './rights.js';

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
      return serveListen(gateway, call);
    default:
      return answered(call, EMPTY_RESULT);
  }
}
