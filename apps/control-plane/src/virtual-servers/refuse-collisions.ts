import type { CatalogKind } from '#contracts';
import { DomainError } from '#kernel';
import type { NamedObject } from './exposed-name.js';

/** An object under the name that it is about to have, or has; `object` is null when the caller may not see it. */
export interface NamedEntry {
  readonly kind: CatalogKind;
  readonly exposedName: string;
  readonly object: NamedObject | null;
}

const words: Readonly<Record<CatalogKind, string>> = {
  TOOL: 'tool',
  RESOURCE: 'resource',
  RESOURCE_TEMPLATE: 'resource template',
  PROMPT: 'prompt',
};

const spell = ({ kind, object }: NamedEntry): string =>
  object
    ? `the ${words[kind]} "${object.original}" of upstream "${object.upstreamSlug}"`
    : `a ${words[kind]} of an upstream that you may not see`;

const remedy = (kind: CatalogKind, prefixNames: boolean): string => {
  if (kind === 'TOOL' || kind === 'PROMPT') {
    return prefixNames
      ? 'Give one of them another nameOverride.'
      : 'Give one of them another nameOverride, or compose a virtual server with prefixNames.';
  }
  return prefixNames ? 'It can be in there once only.' : 'Compose a virtual server with prefixNames.';
};

/**
 * Refuses two objects of one kind under one name: a client could only ever reach one of them.
 * @param added each with the path of the input field that could mend it
 * @throws DomainError CONFLICT, naming both and the remedy.
 */
export function refuseCollisions(
  standing: readonly NamedEntry[],
  added: readonly (NamedEntry & { readonly field: string })[],
  prefixNames: boolean,
): void {
  const taken = new Map(standing.map((entry) => [keyOf(entry), entry]));
  for (const entry of added) {
    const other = taken.get(keyOf(entry));
    if (other) {
      const { exposedName, field, kind } = entry;
      const both = `${spell(entry)} and ${spell(other)} would both be called "${exposedName}"`;
      throw new DomainError('CONFLICT', `${field}: ${both}. ${remedy(kind, prefixNames)}`, { field });
    }
    taken.set(keyOf(entry), entry);
  }
}

const keyOf = ({ kind, exposedName }: NamedEntry): string => `${kind} ${exposedName}`;
