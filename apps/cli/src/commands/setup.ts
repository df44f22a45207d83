import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { usage } from '../command-failure.js';
import { defineCommand } from '../define-command.js';
import { remember } from '../profile/remember.js';
import { originOf } from '../profile/resolve-connection.js';
import { signIn } from '../profile/sign-in.js';
import { ask, askSecret } from '../terminal/ask.js';

interface Options {
  readonly email?: string;
  readonly name?: string;
}

const completeSetupDocument = /* GraphQL */ `
  mutation CompleteSetup($input: CompleteSetupInput!) {
    payload: completeSetup(input: $input) {
      userErrors {
        field
        code
        message
      }
    }
  }
`;

/** `gatehouse setup`: the one-time link of the first start, for machines without a browser. */
export const setup = (context: CliContext): Command =>
  defineCommand('setup', 'create the first administrator by the one-time link, and sign in')
    .argument('<link>', 'the link that the server printed at its first start (quote it: it holds a #)')
    .option('--email <address>', 'e-mail address of the administrator')
    .option('--name <name>', 'name of the administrator (default: the e-mail address)')
    .addHelpText('after', '\nThe password is asked for, or read from the first line of stdin.')
    .action(async (link: string, options: Options) => {
      const url = originOf(link, 'The link');
      const token = new URL(link).hash.slice(1);
      if (token === '') throw usage('The link lacks its secret part behind the #.', 'Put the whole link in quotes.');
      const email = options.email ?? (await ask(context.terminal, 'E-mail address', '--email'));
      const password = await askSecret(context.terminal, 'Password (at least 12 characters)');
      const input = { token, email, displayName: options.name ?? email, password };
      remember(context, await signIn(context, url, completeSetupDocument, input));
    });
