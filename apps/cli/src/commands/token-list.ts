import type { Command } from 'commander';
import { listTokens, type TokenRow } from '../api/list-tokens.js';
import type { CliContext } from '../cli-context.js';
import { defineCommand } from '../define-command.js';

const state = ({ revokedAt, expiresAt }: TokenRow): string => {
  if (revokedAt) return 'revoked';
  return Date.parse(expiresAt) <= Date.now() ? 'expired' : `until ${expiresAt.slice(0, 10)}`;
};

const reach = ({ virtualServer, scopes }: TokenRow): string =>
  virtualServer?.slug ?? scopes.map((scope) => scope.toLowerCase().replace('_', ':')).join(' ');

/** `gatehouse token list`: the API tokens that the user may see. */
export const tokenList = ({ connect, out }: CliContext): Command =>
  defineCommand('list', 'list API tokens; ENDS WITH names the last characters of the secret').action(async () => {
    out.table(
      await listTokens(connect()),
      [
        { title: 'NAME', value: ({ name }) => name, shrinks: true },
        { title: 'ENDS WITH', value: ({ hint }) => hint },
        { title: 'USER', value: ({ user }) => user?.email, shrinks: true },
        { title: 'FOR', value: reach, shrinks: true },
        { title: 'LAST USED', value: ({ lastUsedAt }) => lastUsedAt?.slice(0, 10) },
        { title: 'STATE', value: state },
      ],
      'No API tokens yet. Create one: gatehouse token create NAME',
    );
  });
