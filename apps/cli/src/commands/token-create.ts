import { Option, type Command } from 'commander';
import { createToken, type NewToken } from '../api/create-token.js';
import { findVirtualServer } from '../api/find-virtual-server.js';
import type { CliContext } from '../cli-context.js';
import { usage } from '../command-failure.js';
import { defineCommand } from '../define-command.js';
import { parseInstant } from '../parse-instant.js';
import { parseSpan } from '../parse-span.js';
import { parseCalls, rateLimitOf, type RateOptions } from '../rate-option.js';
import { apiTokenScopes, type ApiTokenScope } from '#contracts';

interface Options extends RateOptions {
  readonly server?: string;
  readonly scope?: readonly ApiTokenScope[];
  readonly for?: number;
  readonly until?: Date;
}

/** When the token is to end; null leaves it to the server: 90 days, but never after the token that asks. */
function expiryOf({ for: span, until }: Options): Date | null {
  if (span !== undefined && until !== undefined) throw usage('--for and --until exclude each other; give one of them.');
  return until ?? (span === undefined ? null : new Date(Date.now() + span));
}

/** `gatehouse token create`: an API token of the signed-in user; its secret is printed this once. */
export const tokenCreate = ({ connect, out }: CliContext): Command =>
  defineCommand('create', 'create an API token for yourself; its secret is printed this once')
    .argument('<name>', 'what it is for, for example the machine or agent that gets it')
    .option('--server <slug>', 'works for this virtual server and nothing else')
    .addOption(new Option('--scope <scopes...>', 'what it may do (default: mcp)').choices([...apiTokenScopes]))
    .option(
      '--for <span>',
      'how long it lives, for example 12h or 7d (default: 90d, at most as long as your own token)',
      parseSpan,
    )
    .option('--until <date>', 'when it ends, for example 2027-01-31', parseInstant)
    .option('--rate <calls>', 'how many MCP messages it may send a minute (default: as the server is set)', parseCalls)
    .option('--burst <calls>', 'how many of them may come at once (default: those of one minute)', parseCalls)
    .action(async (name: string, options: Options) => {
      const expiresAt = expiryOf(options);
      const rateLimit = rateLimitOf(options);
      const api = connect();
      const virtualServerId = options.server && (await findVirtualServer(api, options.server)).id;
      const input: NewToken = { name, expiresAt, scopes: options.scope ?? ['mcp'], virtualServerId, rateLimit };
      const { apiToken, secret } = await createToken(api, input);
      out.note(`Created token ${name}, valid until ${apiToken.expiresAt}. It is shown only now:`);
      out.result({ ...apiToken, secret }, secret);
    });
