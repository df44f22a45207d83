import { aggregatedName, aggregatedUri, type ForwardedHeader } from '#contracts';
import type { SharedObject } from '#authz';
import type { UpstreamTarget } from './catalog-snapshot.js';
import type { ObjectRow, UpstreamRow } from './catalog-rows.js';
import { compileObject, type CatalogObject } from './catalog-object.js';
import { CompiledEndpoint } from './compiled-endpoint.js';
import { ExposedObject } from './exposed-object.js';
import type { HealthCell } from './organization-rows.js';
import { UpstreamMember } from './upstream-member.js';
import { byText } from './by-text.js';

/** An upstream with its objects. What only some readers need is made when it is first asked for, and kept. */
export class CompiledUpstream {
  #aggregated: readonly ExposedObject[] | undefined;
  #endpoint: CompiledEndpoint | undefined;

  /** @param objects by id, in the order in which they are listed */
  constructor(
    readonly row: UpstreamRow,
    readonly target: UpstreamTarget,
    readonly member: UpstreamMember,
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
      () => [this.member],
      this.target,
    ));
  }

  #expose(object: CatalogObject, exposedName: string): ExposedObject {
    const exposure = { exposedName, nameOverride: null, descriptionOverride: null };
    return new ExposedObject(object, this.target, this.member, exposure);
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
  health: HealthCell,
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
  // A row that reaches the upstream in the same way keeps the target: links to it and virtual servers live on.
  const known = previous && targetFields.every((field) => previous.row[field] === row[field]) ? previous : null;
  const target = known?.target ?? targetOf(row);
  const member = known?.member ?? new UpstreamMember(target, health);
  return new CompiledUpstream(row, target, member, objects, hash);
}

const targetFields = [
  'id',
  'organizationId',
  'slug',
  'transport',
  'url',
  'command',
  'shared',
  'enabled',
  'connectTimeoutMs',
  'headersTimeoutMs',
  'requestTimeoutMs',
  'maxRequestMs',
  'headers',
  'forwardedHeaders',
  'protocolEra',
  'era',
  'protocolVersion',
  'capabilities',
  'authHeader',
  'authSecret',
] as const satisfies readonly (keyof UpstreamTarget & keyof UpstreamRow)[];

function targetOf(row: UpstreamRow): UpstreamTarget {
  const fields = Object.fromEntries(targetFields.map((field) => [field, row[field]])) as Pick<
    UpstreamRow,
    (typeof targetFields)[number]
  >;
  const { protocolEra } = row;
  // A sync that was under way when an administrator set the era may have stored what it found of the other one.
  const isOther = protocolEra !== null && row.era !== protocolEra;
  return {
    ...fields,
    ...(isOther ? { era: protocolEra, protocolVersion: null, capabilities: null } : {}),
    headers: JSON.parse(row.headers) as Readonly<Record<string, string>>,
    forwardedHeaders: JSON.parse(row.forwardedHeaders) as readonly ForwardedHeader[],
  };
}
