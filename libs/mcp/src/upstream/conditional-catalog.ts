import { clientCapabilities, type ClientCapability, type RequiredClientCapabilities } from '#contracts';
import type { CatalogObject } from './catalog-object.js';
import type { CatalogLimits, UpstreamCatalog } from './fetch-catalog.js';

/** An object that an upstream does not offer to every client. */
export interface ConditionalObject extends CatalogObject {
  readonly requires: RequiredClientCapabilities;
}

/** What an upstream offers only to clients that declare something. */
export interface ConditionalCatalog {
  readonly tools: readonly ConditionalObject[];
  readonly resources: readonly ConditionalObject[];
  readonly resourceTemplates: readonly ConditionalObject[];
  readonly prompts: readonly ConditionalObject[];
  /** One text for each object that was left out, and why. */
  readonly warnings: readonly string[];
}

/** Reads the whole catalogue as a client that declares some capabilities. */
export type ReadAs = (capabilities: readonly ClientCapability[]) => Promise<UpstreamCatalog>;

const lists = ['tools', 'resources', 'resourceTemplates', 'prompts'] as const;
type ListName = (typeof lists)[number];
type Lists<T> = Readonly<Record<ListName, T>>;
type Keys = Lists<ReadonlySet<string>>;

const eachList = <T>(of: (list: ListName) => T): Lists<T> => ({
  tools: of('tools'),
  resources: of('resources'),
  resourceTemplates: of('resourceTemplates'),
  prompts: of('prompts'),
});

const keysOf = (catalog: UpstreamCatalog): Keys => eachList((list) => new Set(catalog[list].map(({ key }) => key)));

const sizeOf = (found: Lists<readonly CatalogObject[]>): number =>
  lists.flatMap((list) => found[list]).reduce((sum, { definition }) => sum + Buffer.byteLength(definition), 0);

/**
 * Finds what an upstream offers beyond `base`, its catalogue for a client that can do nothing. One reading as a client
 * that can do everything tells whether there is anything; only then one more for each capability tells which of them
 * suffices. What no single one brings about needs all of them. Where both list an object, `base` counts.
 * @returns null when the two catalogues together break the limits
 */
export async function findConditional(
  base: UpstreamCatalog,
  { maxObjects, maxSize }: CatalogLimits,
  readAs: ReadAs,
): Promise<ConditionalCatalog | null> {
  const all = await readAs(clientCapabilities);
  const known = keysOf(base);
  const extra = eachList((list) => all[list].filter(({ key }) => !known[list].has(key)));
  const warnings = all.warnings.filter((warning) => !base.warnings.includes(warning));
  if (lists.some((list) => base[list].length + extra[list].length > maxObjects)) return null;
  if (sizeOf(base) + sizeOf(extra) > maxSize) return null;
  const single: [ClientCapability, Keys][] = [];
  if (lists.some((list) => extra[list].length > 0))
    for (const capability of clientCapabilities) single.push([capability, keysOf(await readAs([capability]))]);
  const objects = eachList((list) =>
    extra[list].map((object): ConditionalObject => {
      const enough = single.filter(([, keys]) => keys[list].has(object.key));
      const requires = enough.length > 0 ? enough.map(([one]) => [one]) : [clientCapabilities];
      return Object.assign({}, object, { requires });
    }),
  );
  return { ...objects, warnings };
}
