import type { Era, ProtocolEra, UpstreamTransport } from '#contracts';
import { DomainError } from '#kernel';

/** What an input may say about the era; absent and null mean as before. */
export interface EraInput {
  readonly protocolEra?: ProtocolEra | null | undefined;
}

/**
 * Puts an input over the stored era; null: what a check finds.
 * @param transport the one that the upstream will have
 * @throws DomainError BAD_USER_INPUT for the modern era over HTTP+SSE, naming whichever of the two the input said
 */
export function decideEra(
  { protocolEra }: EraInput,
  transport: UpstreamTransport,
  before: Era | null = null,
): Era | null {
  const isSaid = protocolEra !== undefined && protocolEra !== null;
  const asked = isSaid ? protocolEra : (before ?? 'AUTO');
  if (asked === 'AUTO') return null;
  if (asked === 'LEGACY' || transport !== 'SSE') return asked;
  const why = 'HTTP+SSE is of the legacy era only';
  const [field, text] = isSaid
    ? [
        'protocolEra',
        `MODERN does not go with transport SSE: ${why}. Set transport to STREAMABLE_HTTP, or leave it AUTO.`,
      ]
    : ['transport', `SSE does not go with protocolEra MODERN: ${why}. Set protocolEra to AUTO or LEGACY as well.`];
  throw new DomainError('BAD_USER_INPUT', `${field} ${text}`, { field });
}
