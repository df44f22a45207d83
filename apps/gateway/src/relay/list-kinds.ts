import type { Endpoint } from '#snapshot';

/** The lists that can change, in the words of notifications. */
export const listKinds = ['tools', 'prompts', 'resources'] as const;
/** See {@link listKinds}. */
export type ListKind = (typeof listKinds)[number];

/** The notification that a list has changed, as text. */
export const listChangedText = (kind: ListKind): string =>
  `{"jsonrpc":"2.0","method":"notifications/${kind}/list_changed"}`;

const differ = (a: readonly string[], b: readonly string[]): boolean =>
  a !== b && (a.length !== b.length || a.some((text, index) => text !== b[index]));

const nothing: Endpoint['listed'] = { tools: [], prompts: [], resources: [], resourceTemplates: [] };

/** The lists that a client sees otherwise on one endpoint than on the other. */
export function changedKinds(before: Endpoint | null, now: Endpoint | null): readonly ListKind[] {
  // Revisions that change nothing in an endpoint keep it.
  if (before === now) return [];
  const was = before?.listed ?? nothing;
  const is = now?.listed ?? nothing;
  return listKinds.filter(
    (kind) =>
      differ(was[kind], is[kind]) || (kind === 'resources' && differ(was.resourceTemplates, is.resourceTemplates)),
  );
}
