import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { CommandFailure } from '../command-failure.js';
import { defineCommand } from '../define-command.js';

const ownTokenDocument = /* GraphQL */ `
  query OwnToken {
    viewer {
      token {
        id
      }
    }
  }
`;

const revokeDocument = /* GraphQL */ `
  mutation RevokeOwnToken($input: RevokeApiTokenInput!) {
    payload: revokeApiToken(input: $input) {
      userErrors {
        field
        code
        message
      }
    }
  }
`;

/** Revokes the stored token where that is possible; forgetting it must work without the control plane, too. */
async function revokeStored(context: CliContext, url: string, token: string): Promise<boolean> {
  try {
    const api = context.open(url, { authorization: `Bearer ${token}` });
    const { viewer } = await api.query<{ viewer: { token: { id: string } | null } }>(ownTokenDocument);
    if (!viewer.token) return false;
    await api.mutate(revokeDocument, { id: viewer.token.id });
    return true;
  } catch (error) {
    if (error instanceof CommandFailure) return false;
    throw error;
  }
}

/** `gatehouse logout`: revokes the stored token and forgets it. */
export const logout = (context: CliContext): Command =>
  defineCommand('logout', 'revoke the stored token and forget it').action(async () => {
    const { env, out, profiles } = context;
    const profile = profiles.find(env.profile);
    const revoked = profile ? await revokeStored(context, profile.url, profile.token) : false;
    profiles.remove(env.profile);
    const text = profile
      ? `Signed out of ${profile.url}. The token is ${revoked ? 'revoked' : 'forgotten here, but could not be revoked there'}.`
      : 'Nobody was signed in.';
    out.result({ signedOut: profile !== null, url: profile?.url ?? null, revoked }, text);
  });
