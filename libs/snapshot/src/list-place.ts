import type { Endpoint, Target } from './catalog-snapshot.js';
import { byText } from './by-text.js';

/** Where an object stands in a list of an endpoint: the slug of its upstream, then the name or URI that sorts it there. */
export type ListPlace = readonly [slug: string, name: string];

/**
 * The place of a listed object. Virtual servers sort by their own names; everywhere else the upstream's decide, since
 * those that an aggregate shows may be shortened.
 */
export const placeOf = ({ kind }: Pick<Endpoint, 'kind'>, target: Target): ListPlace => [
  target.upstream.slug,
  kind === 'virtual-server' ? target.exposedName : target.originalName,
];

/** Compares places: the one order of every list, in every process and revision. */
export const byPlace = (a: ListPlace, b: ListPlace): number => byText(a[0], b[0]) || byText(a[1], b[1]);
