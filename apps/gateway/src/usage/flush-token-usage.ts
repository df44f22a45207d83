import type { SqlExecutor } from '#postgres';
import type { TokenUsage, UsageCount } from './token-usage.js';

// Joined with api_tokens, because a token may be deleted while its last calls are still being counted.
const statement = `
  insert into api_token_usages (token_id, organization_id, last_used_at, calls)
  select t.id, t.organization_id, u.last_used_at, u.calls
  from unnest($1::uuid[], $2::timestamptz[], $3::bigint[]) as u(token_id, last_used_at, calls)
  join api_tokens t on t.id = u.token_id
  order by t.id
  on conflict (token_id) do update set
    last_used_at = greatest(api_token_usages.last_used_at, excluded.last_used_at),
    calls = api_token_usages.calls + excluded.calls`;

/**
 * Writes the counts taken so far, in one statement; what could not be written is counted again with the next ones. The
 * rows are taken in one order, so that gateways that write at the same time do not wait for each other in a ring.
 */
export async function flushTokenUsage(sql: SqlExecutor, usage: TokenUsage): Promise<void> {
  const counts = usage.take();
  if (counts.length === 0) return;
  try {
    await sql.query(statement, parametersOf(counts));
  } catch (error) {
    usage.giveBack(counts);
    throw error;
  }
}

const parametersOf = (counts: readonly UsageCount[]) => [
  counts.map(({ tokenId }) => tokenId),
  counts.map(({ lastUsedAt }) => new Date(lastUsedAt).toISOString()),
  counts.map(({ calls }) => calls),
];
