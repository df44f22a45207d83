import type { ReplyInput } from './translate-upstream-reply.js';
import { cacheable } from './cacheable.js';

/**
 * Whether nothing but the id can have to change in an upstream's answer, whatever it says, so that it need not be there
 * as a whole. Every rewriting of `translateUpstreamReply` is one reason why not.
 */
export function passesAsItIs(
  input: Pick<ReplyInput, 'clientEra' | 'upstreamEra' | 'method' | 'exposeUri' | 'exposeTask' | 'verbatim'>,
): boolean {
  const { clientEra, upstreamEra, method, exposeUri, exposeTask, verbatim } = input;
  if (clientEra !== upstreamEra || exposeUri !== null || exposeTask != null) return false;
  return clientEra === 'LEGACY' || (verbatim === true && !cacheable.has(method));
}
