import { Option, type Command } from 'commander';
import { teamRoles } from '#contracts';
import { findTeam } from '../api/find-team.js';
import { findUser } from '../api/find-user.js';
import type { CliContext } from '../cli-context.js';
import { defineCommand } from '../define-command.js';

const document = /* GraphQL */ `
  mutation AddMember($input: CreateMembershipInput!) {
    payload: createMembership(input: $input) {
      membership {
        id
        role
      }
      userErrors {
        field
        code
        message
      }
    }
  }
`;

/** `gatehouse team add-member`: puts a user into a team. */
export const teamAddMember = ({ connect, out }: CliContext): Command =>
  defineCommand('add-member', 'put a user into a team')
    .argument('<team>', 'slug of the team')
    .argument('<email>', 'e-mail address of the user')
    .addOption(
      new Option('--role <role>', 'what they may do in the team').choices([...teamRoles]).default('team-member'),
    )
    .action(async (slug: string, email: string, { role }: { role: string }) => {
      const api = connect();
      const [team, user] = [await findTeam(api, slug), await findUser(api, email)];
      const input = { teamId: team.id, userId: user.id, role: role.toUpperCase().replaceAll('-', '_') };
      const { membership } = await api.mutate<{ membership: object }>(document, input);
      out.result(membership, `${user.email} is now ${role} in team ${slug}.`);
    });
