import type { Command } from 'commander';
import { collect } from '../api/collect.js';
import type { Api } from '../api/create-api.js';
import { findUpstream } from '../api/find-upstream.js';
import { findVirtualServer } from '../api/find-virtual-server.js';
import type { CliContext } from '../cli-context.js';
import { failed, usage } from '../command-failure.js';
import { defineCommand } from '../define-command.js';

interface Options {
  readonly upstream: string;
  readonly all?: true;
  readonly as?: string;
}

interface ToolRow {
  readonly id: string;
  readonly name: string;
}

const toolsDocument = /* GraphQL */ `
  query ToolsOfUpstream($upstreamId: ID!, $after: String) {
    list: tools(upstreamId: $upstreamId, first: 100, after: $after) {
      edges {
        node {
          id
          name
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

const addDocument = /* GraphQL */ `
  mutation AddTools($input: AddVirtualServerEntriesInput!) {
    payload: addVirtualServerEntries(input: $input) {
      userErrors {
        field
        code
        message
      }
    }
  }
`;

async function chooseTools(api: Api, upstream: string, names: readonly string[], all: boolean): Promise<ToolRow[]> {
  const { id } = await findUpstream(api, upstream);
  const tools = await collect<ToolRow>(api, toolsDocument, { upstreamId: id });
  if (tools.length === 0)
    throw failed(`Upstream ${upstream} has no known tools.`, `Read its catalogue: gatehouse upstream sync ${upstream}`);
  if (all) return tools;
  return names.map((name) => {
    const tool = tools.find((one) => one.name === name);
    if (tool) return tool;
    throw failed(`Upstream ${upstream} has no tool "${name}".`, `It has: ${tools.map((one) => one.name).join(', ')}.`);
  });
}

function checkUsage(names: readonly string[], { all, as }: Options): void {
  if (names.length === 0 && !all) throw usage('Name the tools to add, or give --all.');
  if (names.length > 0 && all) throw usage('--all and names of tools exclude each other.');
  if (as !== undefined && (all || names.length !== 1)) throw usage('--as renames one tool, so name exactly one.');
}

/** `gatehouse server add-tool`: puts tools of an upstream into a virtual server. */
export const serverAddTool = ({ connect, out }: CliContext): Command =>
  defineCommand('add-tool', 'put tools of an upstream into a virtual server')
    .argument('<server>', 'slug of the virtual server')
    .argument('[tools...]', 'names of the tools as the upstream has them')
    .requiredOption('--upstream <slug>', 'the upstream that has them')
    .option('--all', 'every tool that the upstream has now')
    .option('--as <name>', 'offer the one tool under this name')
    .action(async (slug: string, names: readonly string[], options: Options) => {
      checkUsage(names, options);
      const api = connect();
      const server = await findVirtualServer(api, slug);
      const tools = await chooseTools(api, options.upstream, names, options.all ?? false);
      const entries = tools.map(({ id }) => ({ toolId: id, nameOverride: options.as }));
      await api.mutate(addDocument, { virtualServerId: server.id, entries });
      out.result(
        { server: slug, endpointUrl: server.endpointUrl, added: tools.map(({ name }) => name) },
        `Added ${tools.map(({ name }) => name).join(', ')} to ${slug}: ${server.endpointUrl}`,
      );
    });
