import { aggregatedName, aggregatedUri, type CatalogKind } from '#contracts';
import { sha256Hex } from '#crypto';
import { DomainError } from '#kernel';

/** A catalogue object as far as its name in a virtual server depends on it. */
export interface NamedObject {
  readonly kind: CatalogKind;
  /** The name of a tool or prompt, the URI of a resource, the URI template of a template. */
  readonly original: string;
  readonly upstreamId: string;
  readonly upstreamSlug: string;
}

const isNamed = (kind: CatalogKind): boolean => kind === 'TOOL' || kind === 'PROMPT';

/**
 * What clients of a virtual server call an object: its override as it stands, else its own name, behind the upstream's
 * slug where the server prefixes names.
 */
export function exposedName(object: NamedObject, override: string | null, prefixNames: boolean): string {
  const { kind, original, upstreamId, upstreamSlug } = object;
  if (override !== null) return override;
  if (!prefixNames) return original;
  if (!isNamed(kind)) return aggregatedUri(upstreamSlug, original);
  return aggregatedName(upstreamSlug, original, sha256Hex(`${upstreamId}\n${original}`).slice(0, 6));
}

/** @throws DomainError BAD_USER_INPUT for a name on a resource: it is known by its URI, which must lead back to it. */
export function assertRenamable(kind: CatalogKind, override: string | null | undefined, field: string): void {
  if (override == null || isNamed(kind)) return;
  throw new DomainError('BAD_USER_INPUT', `${field} is for tools and prompts; resources are known by their URI.`, {
    field,
  });
}
