import { collect } from './collect.js';
import type { Api } from './create-api.js';

/** An API token as lists show it. */
export interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly hint: string;
  readonly scopes: readonly string[];
  readonly user: { readonly email: string } | null;
  readonly virtualServer: { readonly slug: string } | null;
  readonly expiresAt: string;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
}

const document = /* GraphQL */ `
  query ListTokens($after: String) {
    list: apiTokens(first: 100, after: $after) {
      edges {
        node {
          id
          name
          hint
          scopes
          user {
            email
          }
          virtualServer {
            slug
          }
          rateLimit {
            perMinute
            burst
          }
          expiresAt
          revokedAt
          lastUsedAt
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

/** Every API token that the signed-in user may see. */
export const listTokens = (api: Api): Promise<TokenRow[]> => collect<TokenRow>(api, document);
