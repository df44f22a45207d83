import { sha256Hex } from '#crypto';
import { newId } from '#kernel';
import type { DatabasePool, SqlExecutor } from '#postgres';

/** One organization: upstream `git` of team `red` with the tool `push`, open to all as `send` of the server `tools`. */
export interface Seeded {
  readonly id: string;
  readonly member: string;
  readonly outsider: string;
  readonly membership: string;
  readonly memberToken: string;
  readonly outsiderToken: string;
  readonly upstream: string;
  readonly tool: string;
  readonly server: string;
  readonly entry: string;
}

/** Makes an organization with this slug; everything else in it is named alike in all of them. */
export async function seedOrganization(admin: DatabasePool, slug: string): Promise<Seeded> {
  const ids = Array.from({ length: 11 }, newId);
  const [id = '', member = '', outsider = '', membership = '', memberToken = '', outsiderToken = ''] = ids;
  const [upstream = '', tool = '', server = '', entry = '', team = ''] = ids.slice(6);
  const own = [id, slug];
  await admin.transaction(async (sql) => {
    await sql.query('insert into organizations values ($1, $1, $2, $2, now(), now())', own);
    for (const user of [member, outsider]) {
      await sql.query(`insert into users values ($1, $2, $3, 'U', null, 'ACTIVE', now(), now())`, [
        user,
        id,
        `${user}@x`,
      ]);
    }
    await sql.query(`insert into teams values ($1, $2, 'red', 'Red', '', now(), now())`, [team, id]);
    await sql.query(
      `insert into memberships (id, organization_id, team_id, user_id, role, created_at, updated_at)
       values ($1, $2, $3, $4, 'team-developer', now(), now())`,
      [membership, id, team, member],
    );
    await sql.query(
      `insert into upstreams (id, organization_id, slug, name, description, url, visibility, owner_id, team_id, enabled,
         health, created_at, updated_at)
       values ($1, $2, 'git', 'Git', '', $3, 'TEAM', $4, $5, true, 'UNKNOWN', now(), now())`,
      [upstream, id, `https://${slug}.example/mcp`, member, team],
    );
    await sql.query(
      `insert into tools (id, organization_id, upstream_id, name, definition, fingerprint, created_at, updated_at)
       values ($1, $2, $3, 'push', $4, 'f', now(), now())`,
      [tool, id, upstream, '{"name":"push"}'],
    );
    await sql.query(
      `insert into virtual_servers (id, organization_id, slug, name, description, visibility, owner_id, enabled,
         prefix_names, created_at, updated_at)
       values ($1, $2, 'tools', 'Tools', '', 'ORGANIZATION', $3, true, false, now(), now())`,
      [server, id, member],
    );
    await insertEntry(sql, { id: entry, organization: id, server, tool, name: 'send' });
  });
  await insertToken(admin, id, memberToken, member);
  await insertToken(admin, id, outsiderToken, outsider);
  return { id, member, outsider, membership, memberToken, outsiderToken, upstream, tool, server, entry };
}

/** A live token whose text is its own id. */
export const insertToken = (sql: SqlExecutor, organization: string, id: string, user: string) =>
  sql.query(
    `insert into api_tokens (id, organization_id, user_id, name, token_hash, hint, scopes, expires_at, created_at)
     values ($1, $2, $3, 't', $4, 'hint', '{mcp,control:read}', now() + interval '30 days', now())`,
    [id, organization, user, sha256Hex(id)],
  );

/** Shows a tool on a virtual server under a name. */
export const insertEntry = (
  sql: SqlExecutor,
  row: { id: string; organization: string; server: string; tool: string; name: string },
) =>
  sql.query(
    `insert into virtual_server_entries (id, organization_id, virtual_server_id, kind, tool_id, exposed_name, created_at)
     values ($1, $2, $3, 'TOOL', $4, $5, now())`,
    [row.id, row.organization, row.server, row.tool, row.name],
  );
