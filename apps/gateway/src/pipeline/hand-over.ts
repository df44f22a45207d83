import type { Gateway } from '../gateway.js';
import { handedOver, type Answer, type IdentifiedCall } from './calls.js';

/**
 * The limit of the caller was asked before it was known whose request this is. Lets the process answer that keeps what a request refers to (a parked call, for example).
 * @returns the answer to return from `callUpstream` or `answerLocally`, which is recorded there and not here; null when
 *   that process is gone, or when another process has handed the request over already
 */
export async function handOver(
  { owners }: Gateway,
  { posted }: IdentifiedCall,
  ownerId: string,
): Promise<Answer | null> {
  // Together with others in a batch it cannot be given away; only revision 2025-03-26 has batches, and parks nothing.
  if (posted.isBatch || posted.handedOver !== null || ownerId === owners.selfId) return null;
  return (await owners.forward(posted, ownerId, posted.body, true)) ? handedOver : null;
}
