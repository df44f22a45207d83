import type { Command } from 'commander';
import { findUpstream } from '../api/find-upstream.js';
import type { CliContext } from '../cli-context.js';
import { defineCommand } from '../define-command.js';

const document = /* GraphQL */ `
  mutation DeleteUpstream($input: DeleteUpstreamInput!) {
    payload: deleteUpstream(input: $input) {
      deletedId
      userErrors {
        field
        code
        message
      }
    }
  }
`;

/** `gatehouse upstream remove`: takes an MCP server and its entries in virtual servers away. */
export const upstreamRemove = ({ connect, out }: CliContext): Command =>
  defineCommand('remove', 'remove an MCP server, its catalogue, and its entries in virtual servers')
    .argument('<slug>', 'the upstream')
    .action(async (slug: string) => {
      const api = connect();
      const { id } = await findUpstream(api, slug);
      const { deletedId } = await api.mutate<{ deletedId: string }>(document, { id });
      out.result({ deletedId, slug }, `Removed upstream ${slug}.`);
    });
