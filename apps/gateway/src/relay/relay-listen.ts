import type { Gateway } from '../gateway.js';
import type { Answer, UpstreamCall } from '../pipeline/calls.js';
import { beginHeld, claimOf } from '../pipeline/claim.js';
import { isOutdated } from '../upstream-pool/is-outdated.js';
import type { SpokenEra } from '../upstream-pool/link-opener.js';
import { endOfListening, requireStream } from './listen.js';
import { Relay } from './relay.js';

/** Gatehouse ends a stream that its upstream would go on with. */
class ListeningOver extends Error {}

/**
 * Serves `subscriptions/listen` between modern peers of a pass-through: what the upstream acknowledges and says goes to
 * the client as it is. It counts like a stream of Gatehouse's own, and ends with its right, or politely when the gateway
 * stops or the upstream is to be spoken to in another era.
 */
export async function relayListen(gateway: Gateway, call: UpstreamCall, spoken: SpokenEra): Promise<Answer> {
  requireStream(call);
  const { config, listeners } = gateway;
  const release = listeners.enter(call.principal.tokenId, config.gateway.maxListeners);
  try {
    return await relayed(gateway, call, spoken);
  } finally {
    release();
  }
}

async function relayed(gateway: Gateway, call: UpstreamCall, spoken: SpokenEra): Promise<Answer> {
  const { listeners, snapshots } = gateway;
  const run = beginHeld(gateway, call, claimOf(call));
  const relay = new Relay(gateway, call, spoken, run);
  const forget = listeners.onEnd(() => run.abort(new ListeningOver()));
  // Its client comes again, and is answered in the words of the era that was set meanwhile.
  const unsubscribe = snapshots.onChange((next) => {
    if (isOutdated(call.target.upstream, spoken.era, next)) run.abort(new ListeningOver());
  });
  call.client.onGone((reason) => run.abort(reason));
  try {
    return relay.answer(await relay.send());
  } catch (error) {
    if (run.signal.reason instanceof ListeningOver) return endOfListening(gateway, call);
    return relay.failed(error);
  } finally {
    unsubscribe();
    forget();
    run.end();
  }
}
