import { collect } from './collect.js';
import type { Api } from './create-api.js';
import { missing } from './missing.js';

const document = /* GraphQL */ `
  query Users($after: String) {
    list: users(first: 100, after: $after) {
      edges {
        node {
          id
          email
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

interface FoundUser {
  readonly id: string;
  readonly email: string;
}

/** The user with this e-mail address. @throws CommandFailure when there is none */
export async function findUser(api: Api, email: string): Promise<FoundUser> {
  const found = (await collect<FoundUser>(api, document)).find((user) => user.email === email.toLowerCase());
  if (found) return found;
  throw missing('User', email, 'gatehouse user list');
}
