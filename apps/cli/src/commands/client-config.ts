import { Argument, type Command } from 'commander';
import { createToken } from '../api/create-token.js';
import { findVirtualServer } from '../api/find-virtual-server.js';
import type { CliContext } from '../cli-context.js';
import { clientNames, renderClientConfig, type ClientName } from '../client-config/render-client-config.js';
import { usage } from '../command-failure.js';
import { defineCommand } from '../define-command.js';

interface Options {
  readonly server: string;
  readonly token?: string;
  readonly newToken?: string;
  readonly name?: string;
}

/** `gatehouse client config`: what to paste into an MCP client, on stdout and nothing else. */
export const clientConfig = ({ connect, out }: CliContext): Command =>
  defineCommand('config', 'print what to paste into an MCP client')
    .addArgument(new Argument('<client>', 'the MCP client').choices([...clientNames]))
    .requiredOption('--server <slug>', 'the virtual server to connect to')
    .option('--token <secret>', 'the API token to put in')
    .option('--new-token <name>', 'create a token for this server (90 days at most) and put it in')
    .option('--name <name>', 'the name in the client (default: the slug)')
    .action(async (client: ClientName, options: Options) => {
      if (options.token !== undefined && options.newToken !== undefined)
        throw usage('--token and --new-token exclude each other; give one of them.');
      if (options.name !== undefined && !/^[A-Za-z0-9_-]{1,64}$/.test(options.name))
        throw usage('--name must be 1 to 64 letters, digits, hyphens or underscores.');
      const api = connect();
      const { id, endpointUrl } = await findVirtualServer(api, options.server);
      let token = options.token ?? null;
      if (options.newToken !== undefined) {
        const input = { name: options.newToken, expiresAt: null, scopes: ['mcp'], virtualServerId: id } as const;
        token = (await createToken(api, input)).secret;
      }
      const config = renderClientConfig(client, { name: options.name ?? options.server, url: endpointUrl, token });
      out.note(`For ${client}: ${config.target}`);
      out.result({ client, ...config }, config.content);
      if (token === null && !config.content.includes('${input:'))
        out.note(`Replace YOUR_TOKEN: gatehouse token create NAME --server ${options.server}`);
    });
