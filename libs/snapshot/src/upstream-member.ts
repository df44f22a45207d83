import type { HealthState } from '#contracts';
import type { EndpointUpstream, UpstreamTarget } from './catalog-snapshot.js';
import type { HealthCell } from './organization-rows.js';
import { byText } from './by-text.js';

/** An upstream as the endpoints before it tell of it; shared by all of them. */
export class UpstreamMember implements EndpointUpstream {
  readonly id: string;
  readonly slug: string;
  readonly #text: string | null;
  readonly #health: HealthCell;
  #capabilities: Readonly<Record<string, unknown>> | undefined;

  constructor({ id, slug, capabilities }: UpstreamTarget, health: HealthCell) {
    this.id = id;
    this.slug = slug;
    this.#text = capabilities;
    this.#health = health;
  }

  get capabilities(): Readonly<Record<string, unknown>> {
    return (this.#capabilities ??= parseObject(this.#text));
  }

  get health(): HealthState {
    return this.#health.current.health;
  }

  get healthCode(): string | null {
    return this.#health.current.healthCode;
  }
}

/** The upstreams of some objects, each once, in the order of their slugs. */
export const membersOf = (objects: readonly { readonly member: UpstreamMember }[]): readonly UpstreamMember[] =>
  [...new Set(objects.map(({ member }) => member))].toSorted((a, b) => byText(a.slug, b.slug));

function parseObject(text: string | null): Readonly<Record<string, unknown>> {
  const value: unknown = text === null ? {} : JSON.parse(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
