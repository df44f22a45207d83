import type { Endpoint, UpstreamTarget } from '#snapshot';

const known = new WeakMap<Endpoint, ReadonlyMap<string, UpstreamTarget>>();

function collect(endpoint: Endpoint): ReadonlyMap<string, UpstreamTarget> {
  const found = new Map<string, UpstreamTarget>();
  const { prompts, resources, resourceTemplates, tools } = endpoint;
  for (const objects of [tools.values(), prompts.values(), resources.values(), resourceTemplates])
    for (const { upstream } of objects) found.set(upstream.id, upstream);
  const own = endpoint.kind === 'upstream' ? endpoint.resolveResource('') : null;
  if (own !== null) found.set(own.upstream.id, own.upstream);
  return found;
}

/** The upstreams behind the objects of an endpoint, by id; looked up once for as long as the snapshot keeps it. */
export function upstreamsBehind(endpoint: Endpoint): ReadonlyMap<string, UpstreamTarget> {
  let found = known.get(endpoint);
  if (found === undefined) {
    found = collect(endpoint);
    known.set(endpoint, found);
  }
  return found;
}

/** The upstream of a pass-through endpoint; null elsewhere. */
export function ownUpstream(endpoint: Endpoint): UpstreamTarget | null {
  if (endpoint.kind !== 'upstream') return null;
  const behind = upstreamsBehind(endpoint);
  return behind.get(endpoint.subjectId ?? '') ?? behind.values().next().value ?? null;
}
