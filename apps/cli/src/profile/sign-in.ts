import { hostname } from 'node:os';
import type { CliContext } from '../cli-context.js';
import type { Profile } from './profile-store.js';

/** Who is signed in, as the control plane says. */
export interface SignedIn {
  readonly profile: Profile;
  readonly email: string;
  readonly organization: string;
}

const viewerDocument = /* GraphQL */ `
  query SignedInViewer {
    viewer {
      csrfToken
      user {
        email
      }
      organization {
        slug
      }
    }
  }
`;

const createTokenDocument = /* GraphQL */ `
  mutation CreateCliToken($input: CreateApiTokenInput!) {
    payload: createApiToken(input: $input) {
      secret
      userErrors {
        field
        code
        message
      }
    }
  }
`;

const signOutDocument = /* GraphQL */ `
  mutation EndCliSession {
    signOut {
      signedOut
    }
  }
`;

interface ViewerAnswer {
  readonly viewer: {
    readonly csrfToken: string | null;
    readonly user: { readonly email: string };
    readonly organization: { readonly slug: string };
  };
}

const tokenLifeMs = 30 * 86_400_000;

/**
 * Opens a session, makes an API token for this machine in it, and ends the session again.
 * @param document a mutation that signs in, aliased `payload`
 */
export async function signIn(
  { open }: CliContext,
  url: string,
  document: string,
  input: Readonly<Record<string, unknown>>,
): Promise<SignedIn> {
  const headers: Record<string, string> = {};
  const api = open(url, headers, (answer) => {
    const [cookie] = answer.getSetCookie().map((one) => one.split(';', 1)[0] ?? '');
    if (cookie) headers.cookie = cookie;
  });
  await api.mutate(document, input);
  const { viewer } = await api.query<ViewerAnswer>(viewerDocument);
  if (viewer.csrfToken) headers['x-gatehouse-csrf'] = viewer.csrfToken;
  const { secret } = await api.mutate<{ secret: string }>(createTokenDocument, {
    name: `gatehouse on ${hostname()}`.slice(0, 100),
    expiresAt: new Date(Date.now() + tokenLifeMs).toISOString(),
    // With MCP, because a token hands out no more than it has itself: tools to servers, scopes to other tokens.
    scopes: ['CONTROL_READ', 'CONTROL_WRITE', 'MCP'],
  });
  await api.query(signOutDocument);
  return { profile: { url, token: secret }, email: viewer.user.email, organization: viewer.organization.slug };
}

/** Proves that a token works there and answers whose it is. @throws CommandFailure (not authenticated) */
export async function signInByToken({ open }: CliContext, url: string, token: string): Promise<SignedIn> {
  const { viewer } = await open(url, { authorization: `Bearer ${token}` }).query<ViewerAnswer>(viewerDocument);
  return { profile: { url, token }, email: viewer.user.email, organization: viewer.organization.slug };
}
