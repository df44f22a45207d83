import { DomainError } from '#kernel';
import { capabilitiesOfMask } from '#mcp';
import type { ConformingCall } from './calls.js';
import type { MethodRule } from './method-rules.js';
import { declaredBy } from './resolve-route.js';
import { foundTarget } from './rights.js';

const bitsOf = (mask: number): number => (mask === 0 ? 0 : (mask & 1) + bitsOf(mask >> 1));

/**
 * Tells a modern client that may use an object what it would have to declare for it (−32021; 2026-07-28, Overview,
 * General fields). Legacy revisions have no such word: there the object is unknown, as it is at its upstream. What the
 * principal may not use is in no endpoint, so nothing is told of it.
 */
export function refuseMissingCapability(call: ConformingCall, rule: MethodRule, name: string): void {
  const { client, endpoint, message } = call;
  if (endpoint.whole === endpoint || message.era === 'LEGACY' || foundTarget(endpoint, rule, name) !== null) return;
  const target = foundTarget(endpoint.whole, rule, name);
  if (target === null || !target.upstream.enabled || target.requires.length === 0) return;
  const declared = declaredBy(message, client);
  const missing = target.requires.map((mask) => mask & ~declared);
  const [fewest = 0] = missing.toSorted((a, b) => bitsOf(a) - bitsOf(b));
  const requiredCapabilities = capabilitiesOfMask(fewest);
  throw new DomainError(
    'MISSING_CLIENT_CAPABILITY',
    `This needs a client that declares ${JSON.stringify(requiredCapabilities)}.`,
    { details: { requiredCapabilities } },
  );
}
