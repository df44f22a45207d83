import type { Command } from 'commander';
import { visibilityInput, withVisibility, type VisibilityOptions } from '../api/visibility-options.js';
import type { CliContext } from '../cli-context.js';
import { defineCommand } from '../define-command.js';

interface Options extends VisibilityOptions {
  readonly name?: string;
  readonly description?: string;
  readonly instructions?: string;
  readonly prefix: boolean;
}

const document = /* GraphQL */ `
  mutation CreateVirtualServer($input: CreateVirtualServerInput!) {
    payload: createVirtualServer(input: $input) {
      virtualServer {
        id
        slug
        name
        visibility
        endpointUrl
      }
      userErrors {
        field
        code
        message
      }
    }
  }
`;

/** `gatehouse server create`: an empty virtual server, to be filled by `server add-tool`. */
export const serverCreate = ({ connect, out }: CliContext): Command =>
  withVisibility(defineCommand('create', 'create an empty virtual server; fill it with `server add-tool`'))
    .argument('<slug>', 'short name: lower-case letters, digits, hyphens; it becomes part of the address')
    .option('--name <name>', 'name for people (default: the slug)')
    .option('--description <text>', 'what it is for')
    .option('--instructions <text>', 'what models are told about it')
    .option('--no-prefix', 'offer tools under their own names, without the slug of their upstream before')
    .action(async (slug: string, options: Options) => {
      const api = connect();
      const { virtualServer } = await api.mutate<{ virtualServer: { endpointUrl: string } }>(document, {
        slug,
        name: options.name ?? slug,
        description: options.description,
        instructions: options.instructions,
        prefixNames: options.prefix,
        ...(await visibilityInput(api, options)),
      });
      out.result(virtualServer, `Created virtual server ${slug}: ${virtualServer.endpointUrl}`);
    });
