import type { CatalogKind } from '#contracts';
import type { Target, TemplateTarget, UpstreamTarget } from './catalog-snapshot.js';
import type { CatalogObject } from './catalog-object.js';
import type { UpstreamMember } from './upstream-member.js';
import { replaceMembers } from './replace-members.js';

/** How one endpoint shows an object. */
export interface Exposure {
  /** The name of a tool or prompt, the URI or URI template of a resource, as clients of the endpoint use it. */
  readonly exposedName: string;
  readonly nameOverride: string | null;
  readonly descriptionOverride: string | null;
}

/** Where the definition of each kind says what clients ask for. */
const keyMember = { TOOL: 'name', PROMPT: 'name', RESOURCE: 'uri', RESOURCE_TEMPLATE: 'uriTemplate' } as const;

/** A catalogue object as one endpoint offers it: what its name means, and the text that lists it. */
export class ExposedObject implements TemplateTarget {
  readonly kind: CatalogKind;
  readonly objectId: string;
  readonly exposedName: string;
  readonly originalName: string;
  readonly definition: string;
  readonly requires: readonly number[];
  readonly #object: CatalogObject;
  readonly #exposure: Exposure;
  #listed: string | undefined;

  constructor(
    object: CatalogObject,
    readonly upstream: UpstreamTarget,
    readonly member: UpstreamMember,
    exposure: Exposure,
  ) {
    this.kind = object.row.kind;
    this.objectId = object.row.id;
    this.exposedName = exposure.exposedName;
    this.originalName = object.row.key;
    this.definition = object.row.definition;
    this.requires = object.requires;
    this.#object = object;
    this.#exposure = exposure;
  }

  /** The definition as clients of the endpoint see it; the upstream's own text when nothing differs. Made at first use. */
  get listed(): string {
    return (this.#listed ??= this.#render());
  }

  get literalLength(): number {
    return this.#object.template?.literalLength ?? 0;
  }

  originalUri(uri: string): string | null {
    const { template } = this.#object;
    // Composed names are the original behind a prefix; any other one could not be turned back.
    if (template === null || !this.exposedName.endsWith(this.originalName)) return null;
    const prefix = this.exposedName.slice(0, this.exposedName.length - this.originalName.length);
    if (!uri.startsWith(prefix)) return null;
    const original = uri.slice(prefix.length);
    return template.matches(original) ? original : null;
  }

  /** Where a read of one URI of this template goes. */
  targetOf(uri: string): Target | null {
    const originalName = this.originalUri(uri);
    if (originalName === null) return null;
    const { objectId, upstream, definition, requires } = this;
    return { objectId, exposedName: uri, originalName, upstream, definition, requires };
  }

  #render(): string {
    const { exposedName, nameOverride, descriptionOverride } = this.#exposure;
    const key = keyMember[this.kind];
    const members: Record<string, string> = {
      // The exposed name of a tool or prompt has the override in it already.
      ...(nameOverride === null || key === 'name' ? {} : { name: nameOverride }),
      ...(exposedName === this.originalName ? {} : { [key]: exposedName }),
      ...(descriptionOverride === null ? {} : { description: descriptionOverride }),
    };
    return Object.keys(members).length === 0 ? this.definition : replaceMembers(this.definition, members);
  }
}
