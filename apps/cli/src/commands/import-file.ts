import { readFileSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import type { Api } from '../api/create-api.js';
import { createUpstream } from '../api/create-upstream.js';
import { runOperation } from '../api/run-operation.js';
import { visibilityInput, withVisibility, type VisibilityOptions } from '../api/visibility-options.js';
import type { CliContext } from '../cli-context.js';
import { CommandFailure, failed } from '../command-failure.js';
import { defineCommand } from '../define-command.js';
import { exitCodes } from '../exit-codes.js';
import { parseMcpServers, type ImportEntry } from '../import/parse-mcp-servers.js';

interface Options extends VisibilityOptions {
  readonly dryRun?: true;
  readonly sync: boolean;
}

interface Result {
  readonly name: string;
  readonly slug: string | null;
  readonly outcome: 'imported' | 'would import' | 'failed';
  readonly message: string;
}

const largestFile = 1024 * 1024;
const waitMs = 30_000;

function readText(file: string): string {
  try {
    if (statSync(file).size > largestFile) throw failed(`${file} is larger than 1 MiB.`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw failed(`${file} cannot be read.`, 'Check the path and its permissions.');
  }
}

/** Imports one entry; what goes wrong with it is its result, unless nobody answers or may answer at all. */
async function importEntry(
  api: Api,
  { name, upstream, problem }: ImportEntry,
  sharing: { visibility: string; teamId?: string },
  sync: boolean,
): Promise<Result> {
  if (!upstream) return { name, slug: null, outcome: 'failed', message: problem };
  const { slug } = upstream;
  try {
    const { id } = await createUpstream(api, { ...upstream, ...sharing });
    return { name, slug, outcome: 'imported', message: sync ? await readCatalogue(api, id) : 'not read yet' };
  } catch (error) {
    if (!(error instanceof CommandFailure) || error.exitCode !== exitCodes.failed) throw error;
    return { name, slug, outcome: 'failed', message: error.problems.map(({ message }) => message).join('; ') };
  }
}

async function readCatalogue(api: Api, id: string): Promise<string> {
  const { state, message } = await runOperation(api, 'SYNC', id, waitMs);
  if (state === 'SUCCEEDED') return 'catalogue read';
  return state === 'FAILED' ? `imported, but it does not answer: ${message ?? 'unknown'}` : 'catalogue not read yet';
}

const preview = ({ name, upstream, problem }: ImportEntry): Result =>
  upstream
    ? { name, slug: upstream.slug, outcome: 'would import', message: upstream.url }
    : { name, slug: null, outcome: 'failed', message: problem };

/** `gatehouse import`: registers the MCP servers of a client's configuration file. */
export const importFile = ({ connect, out }: CliContext): Command =>
  withVisibility(defineCommand('import', 'register the MCP servers of a client file: {"mcpServers":{…}}'))
    .argument('<file>', 'for example ~/.cursor/mcp.json, .mcp.json or .vscode/mcp.json')
    .option('--dry-run', 'only say what would be imported')
    .option('--no-sync', 'do not read their tools, resources and prompts now')
    .addHelpText('after', '\nExit code 1 if any entry failed; the others are imported all the same.')
    .action(async (file: string, options: Options) => {
      const entries = parseMcpServers(readText(file));
      const results: Result[] = [];
      if (options.dryRun) results.push(...entries.map(preview));
      else {
        const api = connect();
        const sharing = await visibilityInput(api, options);
        for (const entry of entries) results.push(await importEntry(api, entry, sharing, options.sync));
      }
      out.table(
        results,
        [
          { title: 'NAME', value: ({ name }) => name, shrinks: true },
          { title: 'SLUG', value: ({ slug }) => slug },
          { title: 'RESULT', value: ({ outcome }) => outcome },
          { title: 'DETAIL', value: ({ message }) => message, shrinks: true },
        ],
        'The file names no MCP servers.',
      );
      const refused = results.filter(({ outcome }) => outcome === 'failed');
      if (refused.length === 0) return;
      throw new CommandFailure(
        exitCodes.failed,
        refused.map(({ name, message }) => ({ code: 'FAILED', message: `"${name}" ${message}` })),
      );
    });
