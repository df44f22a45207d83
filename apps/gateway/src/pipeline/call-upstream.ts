import type { Gateway } from '../gateway.js';
import { passThrough } from '../relay/pass-through.js';
import { relayCall } from '../relay/relay-call.js';
import { serveSubscription } from '../relay/serve-subscription.js';
import { upstreamFailed } from '../relay/upstream-failed.js';
import type { SpokenEra } from '../upstream-pool/link-opener.js';
import { unknownMethod } from './authorize.js';
import type { Answer, UpstreamCall } from './calls.js';

function relay(gateway: Gateway, call: UpstreamCall, spoken: SpokenEra): Promise<Answer> {
  if (call.endpoint.kind === 'upstream') return passThrough(gateway, call, spoken);
  const { method } = call.message;
  if (method === 'resources/subscribe' || method === 'resources/unsubscribe')
    return serveSubscription(gateway, call, spoken);
  // Core tasks have no updates, whatever else their client has declared.
  if (method === 'tasks/update' && spoken.era === 'LEGACY') return Promise.reject(unknownMethod(call.message));
  return relayCall(gateway, call, spoken);
}

/** Refuses a call whose upstream cannot be prepared, or does not say what it speaks. */
async function failed(gateway: Gateway, call: UpstreamCall, error: unknown): Promise<Answer> {
  return upstreamFailed(gateway, call, error);
}

async function askEra(gateway: Gateway, call: UpstreamCall, asked: Promise<SpokenEra>): Promise<Answer> {
  let spoken: SpokenEra;
  try {
    spoken = await asked;
  } catch (error) {
    return failed(gateway, call, error);
  }
  return relay(gateway, call, spoken);
}

/** Carries a request to its upstream and the answer back. Eras are almost always known; waiting for them is not free. */
export function callUpstream(gateway: Gateway, call: UpstreamCall): Promise<Answer> {
  const { endpoint, message, target } = call;
  let spoken: SpokenEra | Promise<SpokenEra>;
  try {
    spoken =
      endpoint.kind === 'upstream'
        ? gateway.links.eraFor(target.upstream, message.era)
        : gateway.links.eraOf(target.upstream);
  } catch (error) {
    return failed(gateway, call, error);
  }
  return spoken instanceof Promise ? askEra(gateway, call, spoken) : relay(gateway, call, spoken);
}
