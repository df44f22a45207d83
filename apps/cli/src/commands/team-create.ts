import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { defineCommand } from '../define-command.js';

interface Options {
  readonly name?: string;
  readonly description?: string;
}

const document = /* GraphQL */ `
  mutation CreateTeam($input: CreateTeamInput!) {
    payload: createTeam(input: $input) {
      team {
        id
        slug
        name
      }
      userErrors {
        field
        code
        message
      }
    }
  }
`;

/** `gatehouse team create`: a group that shares upstreams and virtual servers. */
export const teamCreate = ({ connect, out }: CliContext): Command =>
  defineCommand('create', 'create a team, which shares upstreams and virtual servers')
    .argument('<slug>', 'short name: lower-case letters, digits, hyphens')
    .option('--name <name>', 'name for people (default: the slug)')
    .option('--description <text>', 'what it is for')
    .action(async (slug: string, { name = slug, description }: Options) => {
      const { team } = await connect().mutate<{ team: object }>(document, { slug, name, description });
      out.result(team, `Created team ${slug}.`);
    });
