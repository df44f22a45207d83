import type { Api } from './create-api.js';
import type { ReachInput } from './reach-options.js';

/** What an upstream is created from. */
export interface NewUpstream extends ReachInput {
  readonly slug: string;
  readonly name: string;
  readonly description?: string;
  readonly visibility: string;
  readonly teamId?: string;
  /** Name of the header that carries the credential, and its value. */
  readonly authHeader?: string;
  readonly authSecret?: string;
}

const document = /* GraphQL */ `
  mutation CreateUpstream($input: CreateUpstreamInput!) {
    payload: createUpstream(input: $input) {
      upstream {
        id
        slug
        name
        transport
        url
        command
        visibility
      }
      userErrors {
        field
        code
        message
      }
    }
  }
`;

/** Registers an MCP server. */
export async function createUpstream(api: Api, input: NewUpstream): Promise<{ readonly id: string }> {
  const { upstream } = await api.mutate<{ upstream: { id: string } }>(document, { ...input });
  return upstream;
}
