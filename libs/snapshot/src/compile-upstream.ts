import { aggregatedName, aggregatedUri } from '#contracts';
import type { SharedObject } from '#authz';
import type { UpstreamTarget } from './catalog-snapshot.js';
import type { ObjectRow, UpstreamRow } from './catalog-rows.js';
import { compileObject, type CatalogObject } from './catalog-object.js';
import { CompiledEndpoint } from './compiled-endpoint.js';
import { ExposedObject } from './exposed-object.js';
import { byText } from './by-text.js';

/** An upstream with its objects. What only some readers need is made when it is first asked for, and kept. */
export class CompiledUpstream {
  #aggregated: readonly ExposedObject[] | undefined;
  #endpoint: CompiledEndpoint | undefined;

  /** @param objects by id, in the order in which they are listed */
  constructor(
    readonly row: UpstreamRow,
    readonly target: UpstreamTarget,
    readonly objects: ReadonlyMap<string, CatalogObject>,
    private readonly hash: (text: string) => string,
  ) {}

  /** What rules look at; objects of the upstream take these over, without the id. */
  get attributes(): SharedObject {
    const { organizationId, ownerId, teamId, visibility } = this.row;
    return { organizationId, ownerId, teamId, visibility };
  }

  /** Every object under the name that it has where several upstreams share one list. */
  get aggregated(): readonly ExposedObject[] {
    return (this.#aggregated ??= [...this.objects.values()].map((object) =>
      this.#expose(object, this.#aggregatedKey(object.row)),
    ));
  }

  /** The upstream untouched: its own names, and any URI that is asked for. */
  get endpoint(): CompiledEndpoint {
    const { id: subjectId, slug, name, instructions } = this.row;
    return (this.#endpoint ??= new CompiledEndpoint(
      { kind: 'upstream', subjectId, slug, name, instructions },
      [...this.objects.values()].map((object) => this.#expose(object, object.row.key)),
      this.target,
    ));
  }

  #expose(object: CatalogObject, exposedName: string): ExposedObject {
    return new ExposedObject(object, this.target, { exposedName, nameOverride: null, descriptionOverride: null });
  }

  #aggregatedKey({ kind, key }: ObjectRow): string {
    const { slug, id } = this.row;
    if (kind === 'RESOURCE' || kind === 'RESOURCE_TEMPLATE') return aggregatedUri(slug, key);
    return aggregatedName(slug, key, this.hash(`${id}\n${key}`).slice(0, 6));
  }
}

/** Builds an upstream from its rows, with everything of the previous one that did not change. */
export function compileUpstream(
  row: UpstreamRow,
  objectRows: readonly ObjectRow[],
  previous: CompiledUpstream | undefined,
  hash: (text: string) => string,
): CompiledUpstream {
  const compiled = objectRows
    .map((objectRow) => {
      const known = previous?.objects.get(objectRow.id);
      return known?.row === objectRow ? known : compileObject(objectRow);
    })
    .filter((object) => object !== null)
    .toSorted((a, b) => byText(a.row.key, b.row.key));
  const objects = new Map(compiled.map((object) => [object.row.id, object]));
  return new CompiledUpstream(row, targetOf(row, previous?.target), objects, hash);
}

function targetOf(row: UpstreamRow, previous: UpstreamTarget | undefined): UpstreamTarget {
  const { id, organizationId, slug, url, enabled, era, protocolVersion, authHeader, authSecret } = row;
  const target = { id, organizationId, slug, url, enabled, era, protocolVersion, authHeader, authSecret };
  const fields = Object.keys(target) as (keyof UpstreamTarget)[];
  return previous && fields.every((field) => previous[field] === target[field]) ? previous : target;
}
