import type { Command } from 'commander';
import { collect } from '../api/collect.js';
import type { CliContext } from '../cli-context.js';
import { defineCommand } from '../define-command.js';

const document = /* GraphQL */ `
  query ListTeams($after: String) {
    list: teams(first: 100, after: $after) {
      edges {
        node {
          id
          slug
          name
          description
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
  readonly slug: string;
  readonly name: string;
  readonly description: string;
}

/** `gatehouse team list`: the teams that the user may see. */
export const teamList = ({ connect, out }: CliContext): Command =>
  defineCommand('list', 'list the teams that you may see').action(async () => {
    out.table(
      await collect<Row>(connect(), document),
      [
        { title: 'SLUG', value: ({ slug }) => slug },
        { title: 'NAME', value: ({ name }) => name, shrinks: true },
        { title: 'DESCRIPTION', value: ({ description }) => description, shrinks: true },
      ],
      'No teams yet. Create one: gatehouse team create SLUG',
    );
  });
