import { collect } from './collect.js';
import type { Api } from './create-api.js';
import { missing } from './missing.js';

const document = /* GraphQL */ `
  query Teams($after: String) {
    list: teams(first: 100, after: $after) {
      edges {
        node {
          id
          slug
          name
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

interface FoundTeam {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
}

/** The team with this slug. @throws CommandFailure when there is none */
export async function findTeam(api: Api, slug: string): Promise<FoundTeam> {
  const found = (await collect<FoundTeam>(api, document)).find((team) => team.slug === slug);
  if (found) return found;
  throw missing('Team', slug, 'gatehouse team list');
}
