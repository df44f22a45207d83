import { EMPTY_RESULT, jsonRpcResult } from '#mcp';
import type { Gateway } from '../gateway.js';
import { answerError } from '../pipeline/answer-error.js';
import { CallCancelled, CallError, invalidParams } from '../pipeline/call-error.js';
import type { Answer, UpstreamCall } from '../pipeline/calls.js';
import { beginHeld, claimOf } from '../pipeline/claim.js';
import { openEvidence, record } from '../pipeline/record.js';
import type { ClientSession } from '../sessions/client-session.js';
import type { RunningCall } from '../pipeline/running-calls.js';
import type { SpokenEra } from '../upstream-pool/link-opener.js';
import { linkOwnerOf } from './link-owners.js';
import { upstreamFailed } from './upstream-failed.js';
import { Relay } from './relay.js';
import { shownUpdate } from './shown-update.js';
import { SubscriptionRefused, watchResource } from './watch-resource.js';

const never = new AbortController().signal;
const unbroken: RunningCall = { signal: never, abortSignal: never, abort: () => undefined, end: () => undefined };

async function begin(gateway: Gateway, call: UpstreamCall, session: ClientSession): Promise<void> {
  const { target } = call;
  const { exposedName, originalName, upstream } = target;
  const watched = gateway.subscriptions.of(session);
  const run = beginHeld(gateway, call, claimOf(call), true);
  let hasBegun = false;
  let end: () => void = () => undefined;
  const stop = () => {
    if (watched.get(exposedName) === stop) watched.delete(exposedName);
    run.end();
    end();
  };
  watched.set(exposedName, stop);
  run.signal.addEventListener('abort', () => {
    stop();
    // Before that the request itself is answered so.
    if (!hasBegun) return;
    const { posted } = call;
    const answer = answerError(gateway, posted, posted.route, call.message.id, run.signal.reason);
    if (answer.outcome === 'DENIED')
      record(gateway, { ...openEvidence(call, call.message), routed: call, authorized: call, answer });
  });
  const watching = watchResource(gateway, {
    upstream,
    owner: (now, speaks) => linkOwnerOf(gateway, call, now, speaks),
    uri: originalName,
    client: session,
    onUpdate: (raw) => {
      const shown = shownUpdate(gateway, call, target, raw);
      if (shown !== null) session.notify(shown.text);
    },
  });
  end = () => watching.stop();
  try {
    await watching.begun;
    hasBegun = true;
  } catch (error) {
    // One that its own client has ended meanwhile did not fail.
    const isEnded = watched.get(exposedName) !== stop;
    stop();
    if (!isEnded) throw error;
  }
  if (run.signal.aborted) throw run.signal.reason;
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
