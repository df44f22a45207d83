import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { defineCommand } from '../define-command.js';

const document = /* GraphQL */ `
  query WhoAmI {
    viewer {
      user {
        id
        email
        displayName
      }
      organization {
        slug
        name
      }
      roles {
        role
        team {
          slug
        }
      }
      token {
        name
        scopes
        expiresAt
      }
    }
  }
`;

interface Viewer {
  readonly user: { readonly email: string; readonly displayName: string };
  readonly organization: { readonly slug: string; readonly name: string };
  readonly roles: readonly { readonly role: string; readonly team: { readonly slug: string } | null }[];
  readonly token: { readonly name: string; readonly scopes: readonly string[]; readonly expiresAt: string } | null;
}

/** `gatehouse whoami`: the signed-in user, their roles and the token in use. */
export const whoami = (context: CliContext): Command =>
  defineCommand('whoami', 'show the signed-in user, their roles and the token in use').action(async () => {
    const api = context.connect();
    const { viewer } = await api.query<{ viewer: Viewer }>(document);
    const { user, organization, roles, token } = viewer;
    const lines = [
      `${user.displayName} <${user.email}>`,
      `organization  ${organization.name} (${organization.slug}) at ${api.url}`,
      ...roles.map(({ role, team }) => `role          ${role}${team ? ` of team ${team.slug}` : ''}`),
      ...(token ? [`token         ${token.name}, until ${token.expiresAt}, may ${token.scopes.join(' ')}`] : []),
    ];
    context.out.result({ url: api.url, ...viewer }, lines.join('\n'));
  });
