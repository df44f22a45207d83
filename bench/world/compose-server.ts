import type { DatabasePool } from '#postgres';
import type { ControlPlaneClient } from '#testing';

/** A virtual server of the first tools of these upstreams; by SQL, because 500 entries by API take their time. */
export async function composeServer(
  admin: ControlPlaneClient,
  database: DatabasePool,
  slug: string,
  upstreams: readonly string[],
  toolsEach: number,
): Promise<void> {
  const prefix = upstreams.length > 1;
  await admin.mutate(
    'createVirtualServer',
    'CreateVirtualServerInput',
    { slug, name: slug, visibility: 'ORGANIZATION', prefixNames: prefix },
    'virtualServer { id }',
  );
  await database.query(
    `INSERT INTO virtual_server_entries (id, organization_id, virtual_server_id, kind, tool_id, exposed_name, created_at)
     SELECT gen_random_uuid(), t.organization_id, v.id, 'TOOL', t.id, CASE WHEN $4 THEN u.slug || '__' || t.name ELSE t.name END, now()
     FROM (SELECT t.*, row_number() OVER (PARTITION BY upstream_id ORDER BY name) AS place FROM tools t) t
     JOIN upstreams u ON u.id = t.upstream_id
     JOIN virtual_servers v ON v.slug = $1
     WHERE u.slug = ANY($2) AND t.place <= $3`,
    [slug, upstreams, toolsEach, prefix],
  );
}
