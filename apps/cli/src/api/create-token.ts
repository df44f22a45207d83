import type { ApiTokenScope } from '#contracts';
import type { RateLimitInput } from '../rate-option.js';
import type { Api } from './create-api.js';

/** What an API token is created from. */
export interface NewToken {
  readonly name: string;
  /** Null leaves it to the server. */
  readonly expiresAt: Date | null;
  readonly scopes: readonly ApiTokenScope[];
  /** Narrows the token to one virtual server. */
  readonly virtualServerId?: string | undefined;
  /** Undefined leaves it to the server. */
  readonly rateLimit?: RateLimitInput | undefined;
}

/** An API token with the secret that is shown this once. */
export interface CreatedToken {
  readonly apiToken: { readonly id: string; readonly name: string; readonly hint: string; readonly expiresAt: string };
  readonly secret: string;
}

const document = /* GraphQL */ `
  mutation CreateToken($input: CreateApiTokenInput!) {
    payload: createApiToken(input: $input) {
      apiToken {
        id
        name
        hint
        scopes
        expiresAt
        rateLimit {
          perMinute
          burst
        }
      }
      secret
      userErrors {
        field
        code
        message
      }
    }
  }
`;

/** Creates an API token of the signed-in user. */
export function createToken(
  api: Api,
  { name, expiresAt, scopes, virtualServerId, rateLimit }: NewToken,
): Promise<CreatedToken> {
  return api.mutate<CreatedToken>(document, {
    name,
    expiresAt: expiresAt?.toISOString() ?? null,
    scopes: scopes.map((scope) => scope.toUpperCase().replace(':', '_')),
    virtualServerId,
    rateLimit,
  });
}
