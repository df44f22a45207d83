import { hasExtension, initializeText, jsonRpcResult, TASKS_EXTENSION } from '#mcp';
import type { Gateway } from '../gateway.js';
import { answerDiscover } from '../pipeline/answer-discover.js';
import { unknownMethod } from '../pipeline/authorize.js';
import type { Answer, ConformingCall, UpstreamCall } from '../pipeline/calls.js';
import { ruleOf } from '../pipeline/method-rules.js';
import type { SpokenEra } from '../upstream-pool/link-opener.js';
import { linkOwnerOf } from './link-owners.js';
import { serveListen } from './listen.js';
import { relayCall } from './relay-call.js';
import { relayListen } from './relay-listen.js';
import { serveSubscription } from './serve-subscription.js';
import { setSessionLevel } from './set-session-level.js';

/** What is said between peers of different eras: only what both know, and what can be told in the other's words. */
async function bridged(gateway: Gateway, call: UpstreamCall, spoken: SpokenEra): Promise<Answer> {
  const { client, message } = call;
  const { era, method } = message;
  const rule = ruleOf(method);
  if (rule === null || !rule.eras.includes(era)) throw unknownMethod(message);
  switch (method) {
    case 'server/discover':
      return answerDiscover(gateway, call);
    case 'subscriptions/listen':
      return serveListen(gateway, call);
    case 'logging/setLevel':
      return setSessionLevel(gateway, call);
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return serveSubscription(gateway, call, spoken);
    default:
      // Tasks of the extension are for those who declared it; core tasks have no words in 2026-07-28.
      if (rule.action === 'task' && !(era === 'LEGACY' && hasExtension(client.capabilities, TASKS_EXTENSION)))
        throw unknownMethod(message);
      return relayCall(gateway, call, spoken);
  }
}

/**
 * A process knows one client, which several sessions are (ARCHITECTURE.md §4.14): what one of them subscribes to is not
 * for the others, and when it has enough, they may not.
 */
const sharesSubscriptions = ({ message, target }: UpstreamCall): boolean =>
  target.upstream.transport === 'STDIO' &&
  (message.method === 'resources/subscribe' || message.method === 'resources/unsubscribe');

/**
 * Relays a request to the one upstream of a pass-through as it came, whatever its method, and the answer as it comes;
 * where client and upstream are of different eras it is bridged.
 */
export async function passThrough(gateway: Gateway, call: UpstreamCall, spoken: SpokenEra): Promise<Answer> {
  const { client, message } = call;
  if (message.era !== spoken.era) return bridged(gateway, call, spoken);
  if (message.method === 'subscriptions/listen') return relayListen(gateway, call, spoken);
  if (sharesSubscriptions(call)) return serveSubscription(gateway, call, spoken);
  const answer = await relayCall(gateway, call, spoken);
  if (message.method === 'logging/setLevel' && answer.outcome === 'ALLOWED' && client.session !== null) {
    const level = message.received.message.params?.['level'];
    if (typeof level === 'string') client.session.logLevel = level;
  }
  return answer;
}

/**
 * The answer to `initialize` of a legacy upstream: its own, given to this very client, whose session has the upstream's
 * session from here on.
 */
export async function initializeUpstream(
  gateway: Gateway,
  call: ConformingCall,
  target: UpstreamCall['target'],
  spoken: SpokenEra,
): Promise<Answer> {
  const { client, message } = call;
  const leased = gateway.links.lease(linkOwnerOf(gateway, call, target.upstream, spoken), target.upstream);
  const entry = leased instanceof Promise ? await leased : leased;
  try {
    const { identity, initializeResult } = entry.open;
    client.session?.agree(identity.protocolVersion);
    const body = jsonRpcResult(message.received.message.id, initializeText(identity, initializeResult));
    return { status: 200, body, outcome: 'ALLOWED', reason: null };
  } finally {
    entry.release();
  }
}
