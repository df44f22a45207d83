import { aggregatedName, aggregatedUri } from '#contracts';
import { newId } from '#kernel';
import type { Endpoint, Target, TemplateTarget, UpstreamTarget } from '#snapshot';
import type { FixtureCatalogue } from '#testing';

type Json = Record<string, unknown>;

/** What an endpoint is made of. */
export interface EndpointPart {
  readonly upstream: UpstreamTarget;
  readonly catalogue: FixtureCatalogue;
  readonly prefixed: boolean;
}

interface Names {
  name(original: string): string;
  uri(original: string): string;
}

const namesOf = ({ upstream, prefixed }: EndpointPart): Names => ({
  name: (original) => (prefixed ? aggregatedName(upstream.slug, original, 'abcdef') : original),
  uri: (original) => (prefixed ? aggregatedUri(upstream.slug, original) : original),
});

const target = (upstream: UpstreamTarget, definition: Json, exposedName: string, originalName: string): Target => ({
  objectId: newId(),
  exposedName,
  originalName,
  upstream,
  definition: JSON.stringify(definition),
  requires: [],
});

function template(upstream: UpstreamTarget, definition: Json, exposedName: string): TemplateTarget {
  const originalName = String(definition['uriTemplate']);
  const prefix = exposedName.slice(0, exposedName.length - originalName.length);
  const shape = new RegExp(`^${originalName.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`);
  return {
    ...target(upstream, definition, exposedName, originalName),
    originalUri: (uri) =>
      uri.startsWith(prefix) && shape.test(uri.slice(prefix.length)) ? uri.slice(prefix.length) : null,
  };
}

const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
const sorted = <T extends { readonly definition: Json }>(objects: readonly T[], key: string): readonly T[] =>
  objects.toSorted((a, b) => byText(String(a.definition[key]), String(b.definition[key])));

/** Builds an endpoint by hand, as the snapshot contract describes one, in its order. */
export function endpoint(head: Pick<Endpoint, 'kind' | 'slug'>, unsorted: readonly EndpointPart[]): Endpoint {
  const parts = unsorted.toSorted((a, b) => byText(a.upstream.slug, b.upstream.slug));
  const tools = new Map<string, Target>();
  const prompts = new Map<string, Target>();
  const resources = new Map<string, Target>();
  const resourceTemplates: TemplateTarget[] = [];
  const listed = {
    tools: [] as string[],
    prompts: [] as string[],
    resources: [] as string[],
    resourceTemplates: [] as string[],
  };
  for (const part of parts) {
    const { upstream, catalogue } = part;
    const names = namesOf(part);
    for (const { definition } of sorted(catalogue.tools, 'name')) {
      const name = names.name(String(definition['name']));
      tools.set(name, target(upstream, definition, name, String(definition['name'])));
      listed.tools.push(JSON.stringify({ ...definition, name }));
    }
    for (const { definition } of sorted(catalogue.prompts, 'name')) {
      const name = names.name(String(definition['name']));
      prompts.set(name, target(upstream, definition, name, String(definition['name'])));
      listed.prompts.push(JSON.stringify({ ...definition, name }));
    }
    for (const { definition } of sorted(catalogue.resources, 'uri')) {
      const uri = names.uri(String(definition['uri']));
      resources.set(uri, target(upstream, definition, uri, String(definition['uri'])));
      listed.resources.push(JSON.stringify({ ...definition, uri }));
    }
    for (const { definition } of sorted(catalogue.resourceTemplates ?? [], 'uriTemplate')) {
      const uriTemplate = names.uri(String(definition['uriTemplate']));
      resourceTemplates.push(template(upstream, definition, uriTemplate));
      listed.resourceTemplates.push(JSON.stringify({ ...definition, uriTemplate }));
    }
  }
  return {
    asks: 0,
    forClient() {
      return this;
    },
    get whole() {
      return this;
    },
    ...head,
    subjectId: head.kind === 'aggregate' ? null : newId(),
    name: head.slug ?? 'Everything',
    instructions: null,
    enabled: true,
    upstreams: parts.map(({ upstream: { id, slug, capabilities } }) => ({
      id,
      slug,
      health: 'HEALTHY',
      healthCode: null,
      capabilities: capabilities === null ? {} : (JSON.parse(capabilities) as Record<string, unknown>),
    })),
    tools,
    prompts,
    resources,
    resourceTemplates,
    listed,
    resolveResource: (uri) => {
      const exact = resources.get(uri);
      if (exact) return exact;
      for (const one of resourceTemplates) {
        const originalName = one.originalUri(uri);
        if (originalName !== null) return { ...one, exposedName: uri, originalName };
      }
      return null;
    },
  };
}
