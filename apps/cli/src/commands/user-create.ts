import { Option, type Command } from 'commander';
import { organizationRoles } from '#contracts';
import type { CliContext } from '../cli-context.js';
import { defineCommand } from '../define-command.js';
import { askSecret } from '../terminal/ask.js';

interface Options {
  readonly name?: string;
  readonly role?: string;
  readonly password: boolean;
}

const document = /* GraphQL */ `
  mutation CreateUser($input: CreateUserInput!) {
    payload: createUser(input: $input) {
      user {
        id
        email
        displayName
      }
      userErrors {
        field
        code
        message
      }
    }
  }
`;

const enumName = (role: string): string => role.toUpperCase().replaceAll('-', '_');

/** `gatehouse user create`: a person who may sign in. */
export const userCreate = ({ connect, out, terminal }: CliContext): Command =>
  defineCommand('create', 'create a user; the password is asked for, or read from stdin')
    .argument('<email>', 'e-mail address, the name for signing in')
    .option('--name <name>', 'name for people (default: the e-mail address)')
    .addOption(new Option('--role <role>', 'a role over the whole organization').choices([...organizationRoles]))
    .option('--no-password', 'create the user without a password, so without a way to sign in')
    .action(async (email: string, options: Options) => {
      const api = connect();
      const { user } = await api.mutate<{ user: { email: string } }>(document, {
        email,
        displayName: options.name ?? email,
        organizationRole: options.role && enumName(options.role),
        password: options.password ? await askSecret(terminal, `Password for ${email}`) : undefined,
      });
      out.result(user, `Created user ${user.email}.`);
    });
