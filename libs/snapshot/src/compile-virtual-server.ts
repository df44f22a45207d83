import type { SharedObject } from '#authz';
import type { EntryRow, VirtualServerRow } from './catalog-rows.js';
import type { CompiledUpstream } from './compile-upstream.js';
import { CompiledEndpoint } from './compiled-endpoint.js';
import { ExposedObject } from './exposed-object.js';
import { byPlace, placeOf } from './list-place.js';
import { membersOf } from './upstream-member.js';

const kind = 'virtual-server';

/** A virtual server with what it offers: the same to everyone who may connect. */
export interface CompiledVirtualServer {
  readonly row: VirtualServerRow;
  /** What rules look at. */
  readonly attributes: SharedObject;
  readonly endpoint: CompiledEndpoint;
  /** What it offers, in order. */
  readonly objects: readonly ExposedObject[];
  /** The catalogue objects behind it. */
  readonly objectIds: ReadonlySet<string>;
}

/**
 * Builds a virtual server from its rows. Entries of disabled upstreams are left out, as if they were not there.
 * @param ownerOf the upstream that has an object, inside the organization of the server
 */
export function compileVirtualServer(
  row: VirtualServerRow,
  entries: readonly EntryRow[],
  ownerOf: (objectId: string) => CompiledUpstream | undefined,
): CompiledVirtualServer {
  const objects = entries
    .map((entry) => {
      const upstream = ownerOf(entry.objectId);
      const object = upstream?.objects.get(entry.objectId);
      return upstream?.target.enabled && object
        ? new ExposedObject(object, upstream.target, upstream.member, entry)
        : null;
    })
    .filter((object) => object !== null)
    .toSorted((a, b) => byPlace(placeOf({ kind }, a), placeOf({ kind }, b)));
  return withObjects(row, objects);
}

/** The part of a virtual server that passes `keep`; the server itself when all of it does. */
export function narrowVirtualServer(
  server: CompiledVirtualServer,
  keep: (object: ExposedObject) => boolean,
): CompiledVirtualServer {
  const objects = server.objects.filter(keep);
  return objects.length === server.objects.length ? server : withObjects(server.row, objects);
}

function withObjects(row: VirtualServerRow, objects: readonly ExposedObject[]): CompiledVirtualServer {
  const { id, organizationId, slug, name, instructions, ownerId, teamId, visibility } = row;
  return {
    row,
    attributes: { id, organizationId, ownerId, teamId, visibility },
    endpoint: new CompiledEndpoint({ kind, subjectId: id, slug, name, instructions }, objects, () =>
      membersOf(objects),
    ),
    objects,
    objectIds: new Set(objects.map(({ objectId }) => objectId)),
  };
}
