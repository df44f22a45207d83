import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { usage } from '../command-failure.js';
import { defineCommand } from '../define-command.js';
import { remember } from '../profile/remember.js';
import { resolveUrl } from '../profile/resolve-connection.js';
import { signIn, signInByToken } from '../profile/sign-in.js';
import { ask, askSecret } from '../terminal/ask.js';

interface Options {
  readonly url?: string;
  readonly token?: string | true;
  readonly email?: string;
  readonly organization?: string;
}

const signInDocument = /* GraphQL */ `
  mutation SignIn($input: SignInInput!) {
    payload: signIn(input: $input) {
      userErrors {
        field
        code
        message
      }
    }
  }
`;

const help = `
Without --token it asks for e-mail address and password (or takes the password
from the first line of stdin), creates an API token that lives 30 days, and
stores that. The password is not stored.`;

/** `gatehouse login`: signs in and remembers an API token for the other commands. */
export const login = (context: CliContext): Command =>
  defineCommand('login', 'sign in and remember it for the other commands')
    .option('--url <address>', 'the control plane (default: GATEHOUSE_URL, the last sign-in, http://127.0.0.1:4000)')
    .option('--token [token]', 'an API token instead of a password; without a value it is read from stdin')
    .option('--email <address>', 'sign in as this user')
    .option('--organization <slug>', 'the organization of that user, where there are several')
    .addHelpText('after', help)
    .action(async (options: Options) => {
      const { env, out, profiles, terminal } = context;
      const url = resolveUrl(options.url, env, profiles.find(env.profile));
      if (options.token !== undefined) {
        if (options.email !== undefined) throw usage('--token and --email exclude each other; give one of them.');
        const token = options.token === true ? await askSecret(terminal, 'API token') : options.token;
        return remember(context, await signInByToken(context, url, token));
      }
      out.note(`Signing in at ${url}`);
      const email = options.email ?? (await ask(terminal, 'E-mail address', '--email'));
      const password = await askSecret(terminal, 'Password');
      const { organization } = options;
      remember(context, await signIn(context, url, signInDocument, { email, password, organization }));
    });
