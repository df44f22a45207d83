import { Option, type Command } from 'commander';
import { createUpstream } from '../api/create-upstream.js';
import { runOperation } from '../api/run-operation.js';
import { visibilityInput, withVisibility, type VisibilityOptions } from '../api/visibility-options.js';
import type { CliContext } from '../cli-context.js';
import { usage } from '../command-failure.js';
import { defineCommand } from '../define-command.js';
import { reportOperation } from '../report-operation.js';
import { askSecret } from '../terminal/ask.js';
import {
  parseForwardedHeader,
  parseHeader,
  parseTimeout,
  reachInput,
  type ReachOptions,
} from '../api/reach-options.js';

interface Options extends VisibilityOptions, ReachOptions {
  readonly name?: string;
  readonly description?: string;
  readonly secretHeader?: string;
  readonly secret?: true;
  readonly sync: boolean;
}

const waitMs = 30_000;

const help = `
With --secret, give the whole header value, for example "Bearer abc".
A stdio upstream names a command that the operator of the server allows, in the
file named by GATEHOUSE_STDIO_COMMANDS:
  gatehouse upstream add files --command files`;

/** `gatehouse upstream add`: registers an MCP server and reads its catalogue. */
export const upstreamAdd = (context: CliContext): Command =>
  withVisibility(defineCommand('add', 'register an MCP server and read its catalogue'))
    .argument('<slug>', 'short name: lower-case letters, digits, hyphens')
    .argument('[url]', 'address of its MCP endpoint, often ending in /mcp; none for stdio')
    .option('--name <name>', 'name for people (default: the slug)')
    .option('--description <text>', 'what it is for')
    .addOption(
      new Option('--transport <kind>', 'how it is reached (default: http; stdio with --command)').choices([
        'http',
        'sse',
        'stdio',
      ]),
    )
    .addOption(
      new Option('--era <era>', 'the only era it is spoken to in (default: auto, the one that a check finds)').choices([
        'auto',
        'legacy',
        'modern',
      ]),
    )
    .option('--command <name>', 'stdio: the name of an allowed command')
    .option('--shared', 'stdio: one process for everyone, instead of one for each user')
    .option(
      '--timeout <span>',
      'how long a call may take, for example 90s (default: as the server is set)',
      parseTimeout,
    )
    .option('--connect-timeout <span>', 'how long connecting may take, TLS included', parseTimeout)
    .option('--headers-timeout <span>', 'how long it may take to begin an answer', parseTimeout)
    .option('--max-time <span>', 'how long a call may take whatever progress it reports', parseTimeout)
    .option('--header <name: value>', 'send this with every request; never a credential; repeatable', parseHeader, [])
    .option(
      '--forward-header <name[=other]>',
      'take this header over from clients, also under another name; never a credential; repeatable',
      parseForwardedHeader,
      [],
    )
    .option('--secret', 'send a credential; asked for, or read from the first line of stdin')
    .option('--secret-header <name>', 'the header of the credential (default: Authorization)')
    .option('--no-sync', 'do not read its tools, resources and prompts now')
    .addHelpText('after', help)
    .action(async (slug: string, url: string | undefined, options: Options) => {
      const { out, terminal } = context;
      if (options.secretHeader !== undefined && !options.secret) throw usage('--secret-header needs --secret.');
      const reach = reachInput(url, options);
      const api = context.connect();
      const upstream = await createUpstream(api, {
        slug,
        name: options.name ?? slug,
        description: options.description,
        ...reach,
        ...(await visibilityInput(api, options)),
        ...(options.secret
          ? {
              authHeader: options.secretHeader ?? 'Authorization',
              authSecret: await askSecret(terminal, 'Header value'),
            }
          : {}),
      });
      if (!options.sync) return out.result({ upstream }, `Added upstream ${slug}.`);
      out.note(`Added upstream ${slug}; reading its catalogue …`);
      reportOperation(out, slug, await runOperation(api, 'SYNC', upstream.id, waitMs));
    });
