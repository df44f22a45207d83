import { EMPTY_RESULT, jsonRpcResult } from '#mcp';
import type { Gateway } from '../gateway.js';
import { answerError } from '../pipeline/answer-error.js';
import { CallCancelled, CallError, invalidParams } from '../pipeline/call-error.js';
import type { Answer, UpstreamCall } from '../pipeline/calls.js';
import { claimOf, recheckOf } from '../pipeline/claim.js';
import { openEvidence, record } from '../pipeline/record.js';
import type { ClientSession } from '../sessions/client-session.js';
import type { RunningCall } from '../pipeline/running-calls.js';
import type { SpokenEra } from '../upstream-pool/link-opener.js';
import { linkOwnerOf } from './link-owners.js';
import { upstreamFailed } from './upstream-failed.js';
import { Relay } from './relay.js';
import { SubscriptionRefused, watchResource } from './watch-resource.js';

const never = new AbortController().signal;
const unbroken: RunningCall = { signal: never, abortSignal: never, abort: () => undefined, end: () => undefined };

const updatedText = (uri: string): string =>
  JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri } });

async function begin(gateway: Gateway, call: UpstreamCall, session: ClientSession): Promise<void> {
  const { exposedName, originalName, upstream } = call.target;
  const watched = gateway.subscriptions.of(session);
  const run = gateway.running.begin(recheckOf(claimOf(call), gateway.snapshots, gateway.clock), true);
  let end: () => void = () => undefined;
  const stop = () => {
    if (watched.get(exposedName) === stop) watched.delete(exposedName);
    run.end();
    end();
  };
  watched.set(exposedName, stop);
  run.signal.addEventListener('abort', () => {
    stop();
    const { posted } = call;
    const answer = answerError(gateway, posted, posted.route, call.message.id, run.signal.reason);
    if (answer.outcome === 'DENIED')
      record(gateway, { ...openEvidence(call, call.message), routed: call, authorized: call, answer });
  });
  try {
    end = await watchResource(gateway, {
      upstream,
      owner: (target, speaks) => linkOwnerOf(gateway, call, target, speaks),
      uri: originalName,
      onUpdate: () => session.notify(updatedText(exposedName)),
    });
  } catch (error) {
    stop();
    throw error;
  }
  // Ended while it began.
  if (watched.get(exposedName) !== stop) end();
}

/** Answers `resources/subscribe` and `resources/unsubscribe` of a client whose upstream's names are not its own. */
export async function serveSubscription(gateway: Gateway, call: UpstreamCall, spoken: SpokenEra): Promise<Answer> {
  const { session } = call.client;
  // Whoever listens to the end of a session that has ended hears of it only now.
  if (session?.closed === true) throw new CallCancelled();
  if (session === null) throw invalidParams('subscriptions need a session: begin with initialize');
  const { id } = call.message.received.message;
  const answer = { status: 200, body: jsonRpcResult(id, EMPTY_RESULT), outcome: 'ALLOWED', reason: null } as const;
  const uri = call.target.exposedName;
  const watched = gateway.subscriptions.of(session);
  if (call.message.method === 'resources/unsubscribe') {
    watched.get(uri)?.();
    return answer;
  }
  if (watched.has(uri)) return answer;
  const { maxSubscriptions } = gateway.config.gateway;
  if (watched.size >= maxSubscriptions)
    throw new CallError('RATE_LIMITED', `A session may be subscribed to ${maxSubscriptions} resources.`, {
      status: 429,
      headers: { 'retry-after': '1' },
    });
  try {
    await begin(gateway, call, session);
    return answer;
  } catch (error) {
    if (error instanceof SubscriptionRefused) return new Relay(gateway, call, spoken, unbroken).answer(error.reply);
    return upstreamFailed(gateway, call, error);
  }
}
