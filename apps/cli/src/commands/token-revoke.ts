import type { Command } from 'commander';
import type { Api } from '../api/create-api.js';
import { listTokens, type TokenRow } from '../api/list-tokens.js';
import { missing } from '../api/missing.js';
import type { CliContext } from '../cli-context.js';
import { failed } from '../command-failure.js';
import { defineCommand } from '../define-command.js';

const document = /* GraphQL */ `
  mutation RevokeToken($input: RevokeApiTokenInput!) {
    payload: revokeApiToken(input: $input) {
      apiToken {
        id
        name
        hint
        revokedAt
      }
      userErrors {
        field
        code
        message
      }
    }
  }
`;

/** The one live token that the text means: by id, by name, or by the end of its secret. */
async function findToken(api: Api, text: string): Promise<TokenRow> {
  const tokens = await listTokens(api);
  const byId = tokens.find(({ id }) => id === text);
  const matches = tokens.filter(({ name, hint, revokedAt }) => !revokedAt && (name === text || hint === text));
  const [match, other] = byId ? [byId] : matches;
  if (!match) throw missing('Live token', text, 'gatehouse token list');
  if (!other) return match;
  const hints = matches.map(({ hint }) => hint).join(', ');
  throw failed(`"${text}" names ${matches.length} tokens.`, `Name one by the end of its secret: ${hints}.`);
}

/** `gatehouse token revoke`: ends an API token; gateways refuse it within a second. */
export const tokenRevoke = ({ connect, out }: CliContext): Command =>
  defineCommand('revoke', 'revoke an API token; every gateway refuses it within a second')
    .argument('<token>', 'its name, the last characters of its secret, or its id')
    .action(async (text: string) => {
      const api = connect();
      const { id, name, hint } = await findToken(api, text);
      const { apiToken } = await api.mutate<{ apiToken: object }>(document, { id });
      out.result(apiToken, `Revoked token ${name} (…${hint}).`);
    });
