import type { Era } from '#contracts';
import type { CatalogSnapshot, UpstreamTarget } from '#snapshot';

/**
 * Whether a conversation in an era must end because an administrator has changed the era of its upstream since.
 * @param target what the conversation was begun with
 * @param era null while it is being opened
 */
export function isOutdated(target: UpstreamTarget, era: Era | null, snapshot: CatalogSnapshot): boolean {
  const current = snapshot.upstreamTarget(target.organizationId, target.id);
  return current !== null && current.protocolEra !== target.protocolEra && current.protocolEra !== era;
}
