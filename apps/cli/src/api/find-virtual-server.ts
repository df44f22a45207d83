import type { Api } from './create-api.js';
import { missing, orNull } from './missing.js';

const document = /* GraphQL */ `
  query VirtualServerBySlug($slug: String!) {
    found: virtualServerBySlug(slug: $slug) {
      id
      slug
      name
      endpointUrl
    }
  }
`;

/** A virtual server by the name that people use for it. */
export interface FoundVirtualServer {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly endpointUrl: string;
}

/** The virtual server with this slug. @throws CommandFailure when there is none */
export async function findVirtualServer(api: Api, slug: string): Promise<FoundVirtualServer> {
  const found = await orNull(api.query<{ found: FoundVirtualServer | null }>(document, { slug }));
  if (found) return found;
  throw missing('Virtual server', slug, 'gatehouse server list');
}
