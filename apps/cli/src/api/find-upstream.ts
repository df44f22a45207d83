import type { Api } from './create-api.js';
import { missing, orNull } from './missing.js';

const document = /* GraphQL */ `
  query UpstreamBySlug($slug: String!) {
    found: upstreamBySlug(slug: $slug) {
      id
      slug
      name
    }
  }
`;

/** An upstream by the name that people use for it. */
export interface FoundUpstream {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
}

/** The upstream with this slug. @throws CommandFailure when there is none */
export async function findUpstream(api: Api, slug: string): Promise<FoundUpstream> {
  const found = await orNull(api.query<{ found: FoundUpstream | null }>(document, { slug }));
  if (found) return found;
  throw missing('Upstream', slug, 'gatehouse upstream list');
}
