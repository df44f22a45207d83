import type { Command } from 'commander';
import { createUpstream } from '../api/create-upstream.js';
import { runOperation } from '../api/run-operation.js';
import { visibilityInput, withVisibility, type VisibilityOptions } from '../api/visibility-options.js';
import type { CliContext } from '../cli-context.js';
import { usage } from '../command-failure.js';
import { defineCommand } from '../define-command.js';
import { reportOperation } from '../report-operation.js';
import { askSecret } from '../terminal/ask.js';

interface Options extends VisibilityOptions {
  readonly name?: string;
  readonly description?: string;
  readonly header?: string;
  readonly secret?: true;
  readonly sync: boolean;
}

const waitMs = 30_000;

/** `gatehouse upstream add`: registers an MCP server and reads its catalogue. */
export const upstreamAdd = (context: CliContext): Command =>
  withVisibility(defineCommand('add', 'register an MCP server and read its catalogue'))
    .argument('<slug>', 'short name: lower-case letters, digits, hyphens')
    .argument('<url>', 'address of its MCP endpoint, often ending in /mcp')
    .option('--name <name>', 'name for people (default: the slug)')
    .option('--description <text>', 'what it is for')
    .option('--secret', 'send a credential; asked for, or read from the first line of stdin')
    .option('--header <name>', 'the header of the credential (default: Authorization)')
    .option('--no-sync', 'do not read its tools, resources and prompts now')
    .addHelpText('after', '\nWith --secret, give the whole header value, for example "Bearer abc".')
    .action(async (slug: string, url: string, options: Options) => {
      const { out, terminal } = context;
      if (options.header !== undefined && !options.secret) throw usage('--header needs --secret.');
      const api = context.connect();
      const upstream = await createUpstream(api, {
        slug,
        url,
        name: options.name ?? slug,
        description: options.description,
        ...(await visibilityInput(api, options)),
        ...(options.secret
          ? { authHeader: options.header ?? 'Authorization', authSecret: await askSecret(terminal, 'Header value') }
          : {}),
      });
      if (!options.sync) return out.result({ upstream }, `Added upstream ${slug}.`);
      out.note(`Added upstream ${slug}; reading its catalogue …`);
      reportOperation(out, slug, await runOperation(api, 'SYNC', upstream.id, waitMs));
    });
