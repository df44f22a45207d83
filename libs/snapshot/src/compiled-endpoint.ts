import type {
  Endpoint,
  EndpointUpstream,
  ListedTexts,
  Target,
  TemplateTarget,
  UpstreamTarget,
} from './catalog-snapshot.js';
import { isOffered } from '#contracts';
import type { ExposedObject } from './exposed-object.js';

/** What an endpoint says about itself. */
export type EndpointHead = Pick<Endpoint, 'kind' | 'subjectId' | 'slug' | 'name' | 'instructions'>;

const asksOf = (objects: readonly ExposedObject[]): number => {
  let asks = 0;
  for (const { requires } of objects) for (const mask of requires) asks |= mask;
  return asks;
};

const texts = (objects: ReadonlyMap<string, ExposedObject>): readonly string[] =>
  [...objects.values()].map(({ listed }) => listed);

/** The lists of an endpoint, each made when it is first asked for: calls never pay for them. */
class LazyTexts implements ListedTexts {
  readonly #endpoint: CompiledEndpoint;
  #tools: readonly string[] | undefined;
  #prompts: readonly string[] | undefined;
  #resources: readonly string[] | undefined;
  #resourceTemplates: readonly string[] | undefined;

  constructor(endpoint: CompiledEndpoint) {
    this.#endpoint = endpoint;
  }
  get tools(): readonly string[] {
    return (this.#tools ??= texts(this.#endpoint.tools));
  }
  get prompts(): readonly string[] {
    return (this.#prompts ??= texts(this.#endpoint.prompts));
  }
  get resources(): readonly string[] {
    return (this.#resources ??= texts(this.#endpoint.resources));
  }
  get resourceTemplates(): readonly string[] {
    return (this.#resourceTemplates ??= this.#endpoint.templates.map(({ listed }) => listed));
  }
}

/** The tables of one endpoint. */
export class CompiledEndpoint implements Endpoint {
  readonly kind: Endpoint['kind'];
  readonly subjectId: string | null;
  readonly slug: string | null;
  readonly name: string;
  readonly instructions: string | null;
  /** Disabled ones are never handed out. */
  readonly enabled = true;
  readonly tools = new Map<string, ExposedObject>();
  readonly prompts = new Map<string, ExposedObject>();
  readonly resources = new Map<string, ExposedObject>();
  readonly templates: readonly ExposedObject[];
  readonly listed: ListedTexts = new LazyTexts(this);
  readonly asks: number;
  readonly whole: CompiledEndpoint;
  readonly #objects: readonly ExposedObject[];
  /** Made when a client first needs one; at most one for each combination of `asks`. */
  #variants: Map<number, CompiledEndpoint> | undefined;
  readonly #byLength: readonly ExposedObject[];
  readonly #passThrough: UpstreamTarget | null;
  readonly #findUpstreams: () => readonly EndpointUpstream[];
  #upstreams: readonly EndpointUpstream[] | undefined;

  /**
   * @param objects in the order in which they are listed; the first of several equal names wins, the others are neither
   *   listed nor callable
   * @param findUpstreams asked when they are first wanted
   * @param passThrough the upstream that takes every URI that nothing else matches
   * @param whole the endpoint that this one shows a part of
   */
  constructor(
    head: EndpointHead,
    objects: readonly ExposedObject[],
    findUpstreams: () => readonly EndpointUpstream[],
    passThrough: UpstreamTarget | null = null,
    whole?: CompiledEndpoint,
  ) {
    this.kind = head.kind;
    this.subjectId = head.subjectId;
    this.slug = head.slug;
    this.name = head.name;
    this.instructions = head.instructions;
    this.#findUpstreams = findUpstreams;
    this.#passThrough = passThrough;
    this.#objects = objects;
    this.whole = whole ?? this;
    this.asks = whole?.asks ?? asksOf(objects);
    const templates = new Map<string, ExposedObject>();
    const tables = { TOOL: this.tools, PROMPT: this.prompts, RESOURCE: this.resources, RESOURCE_TEMPLATE: templates };
    for (const object of objects) {
      const table = tables[object.kind];
      if (!table.has(object.exposedName)) table.set(object.exposedName, object);
    }
    this.templates = [...templates.values()];
    this.#byLength = this.templates.toSorted((a, b) => b.literalLength - a.literalLength);
  }

  get upstreams(): readonly EndpointUpstream[] {
    return (this.#upstreams ??= this.#findUpstreams());
  }

  get resourceTemplates(): readonly TemplateTarget[] {
    return this.templates;
  }

  forClient(declared: number): CompiledEndpoint {
    const { asks, whole } = this;
    if (asks === 0) return this;
    if (whole !== this) return whole.forClient(declared);
    const seen = declared & asks;
    const variants = (this.#variants ??= new Map<number, CompiledEndpoint>());
    let variant = variants.get(seen);
    if (variant === undefined) {
      const objects = this.#objects.filter(({ requires }) => isOffered(seen, requires));
      const hidesNone = objects.length === this.#objects.length;
      variant = hidesNone ? this : new CompiledEndpoint(this, objects, () => this.upstreams, this.#passThrough, this);
      variants.set(seen, variant);
    }
    return variant;
  }

  resolveResource(uri: string): Target | null {
    const listed = this.resources.get(uri);
    if (listed) return listed;
    for (const template of this.#byLength) {
      const target = template.targetOf(uri);
      if (target) return target;
    }
    const upstream = this.#passThrough;
    if (upstream === null) return null;
    return { objectId: upstream.id, exposedName: uri, originalName: uri, upstream, definition: '{}', requires: [] };
  }
}
