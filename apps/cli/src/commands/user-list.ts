import type { Command } from 'commander';
import { collect } from '../api/collect.js';
import type { CliContext } from '../cli-context.js';
import { defineCommand } from '../define-command.js';

const document = /* GraphQL */ `
  query ListUsers($after: String) {
    list: users(first: 100, after: $after) {
      edges {
        node {
          id
          email
          displayName
          status
          organizationRoles
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

interface Row {
  readonly email: string;
  readonly displayName: string;
  readonly status: string;
  readonly organizationRoles: readonly string[];
}

const roleName = (role: string): string => role.toLowerCase().replaceAll('_', '-');

/** `gatehouse user list`: the people that the user may see. */
export const userList = ({ connect, out }: CliContext): Command =>
  defineCommand('list', 'list the users that you may see').action(async () => {
    out.table(
      await collect<Row>(connect(), document),
      [
        { title: 'E-MAIL', value: ({ email }) => email, shrinks: true },
        { title: 'NAME', value: ({ displayName }) => displayName, shrinks: true },
        { title: 'ROLES', value: ({ organizationRoles }) => organizationRoles.map(roleName).join(' ') || null },
        { title: 'STATUS', value: ({ status }) => status.toLowerCase() },
      ],
      'No users that you may see.',
    );
  });
