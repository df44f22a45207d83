import type { Endpoint } from '#snapshot';

/** The same endpoint but for these members, to every client. */
export function endpointWith(original: Endpoint, changes: Partial<Endpoint>): Endpoint {
  const made: Endpoint = { ...original, ...changes, forClient: () => made, whole: original };
  return Object.assign(made, { whole: made });
}
