import type { DatabasePool } from '#postgres';
import { addUpstream } from '#testing';
import { interleave, ratioOf } from '../measure/interleave.js';
import { openInstallation } from '../world/installation.js';
import { echo, mixResult, type Bench, type MixResult } from './mix.js';

/** How much an installation holds. */
interface Size {
  readonly name: string;
  readonly upstreams: number;
  readonly tools: number;
  readonly servers: number;
  readonly tokens: number;
}

const small: Size = { name: '10 tools, 10 servers, 10 tokens', upstreams: 1, tools: 10, servers: 10, tokens: 10 };
const large: Size = {
  ...{ name: '10,000 tools, 1,000 servers, 10,000 tokens', upstreams: 100 },
  ...{ tools: 10_000, servers: 1000, tokens: 10_000 },
};
/** Entries of each virtual server. */
const entries = 10;

/** Copies one row so many times with some of its columns changed; columns that later releases add are copied along. */
const copies = (table: string, where: string, changes: string): string =>
  `INSERT INTO ${table}
   SELECT (jsonb_populate_record(NULL::${table}, to_jsonb(t) || jsonb_build_object('id', gen_random_uuid(), ${changes}))).*
   FROM (SELECT * FROM ${table} WHERE ${where} LIMIT 1) t, generate_series(1, $1::int) n`;

async function fill(database: DatabasePool, size: Size): Promise<void> {
  const { upstreams, tools, servers, tokens } = size;
  await database.query(copies('upstreams', `slug = 'plain'`, `'slug', 'grown-' || n, 'name', 'grown-' || n`), [
    upstreams,
  ]);
  await database.query(
    `INSERT INTO tools
     SELECT (jsonb_populate_record(NULL::tools, to_jsonb(t) || jsonb_build_object('id', gen_random_uuid(), 'upstream_id', u.id,
       'name', 'grown_' || n, 'definition', replace(t.definition, '"noop_0"', '"grown_' || n || '"')))).*
     FROM (SELECT * FROM tools WHERE name = 'noop_0' LIMIT 1) t, generate_series(1, $1::int) n
     JOIN upstreams u ON u.slug = 'grown-' || (n % $2::int + 1)`,
    [tools, upstreams],
  );
  await database.query(copies('virtual_servers', `slug = 'seed'`, `'slug', 'grown-' || n, 'name', 'grown-' || n`), [
    servers,
  ]);
  await database.query(
    `INSERT INTO virtual_server_entries (id, organization_id, virtual_server_id, kind, tool_id, exposed_name, created_at)
     SELECT gen_random_uuid(), v.organization_id, v.id, 'TOOL', t.id, t.name, now()
     FROM (SELECT v.*, row_number() OVER (ORDER BY slug) AS place FROM virtual_servers v WHERE slug LIKE 'grown-%') v
     JOIN (SELECT t.*, row_number() OVER (ORDER BY name) AS place FROM tools t WHERE name LIKE 'grown_%') t
       ON t.place BETWEEN (v.place * $1) % $2 + 1 AND (v.place * $1) % $2 + $1`,
    [entries, Math.max(1, tools - entries)],
  );
  await database.query(
    copies(
      'api_tokens',
      `name = 'e2e'`,
      `'name', 'grown-' || n, 'token_hash', encode(sha256(('grown-' || n)::bytea), 'hex')`,
    ),
    [tokens],
  );
  await database.query('ANALYZE');
}

/** Whether calls get slower as the installation grows: mix A on two installations that differ in size only. */
export async function mixGrowth(bench: Bench): Promise<MixResult> {
  const { options, runner, world } = bench;
  await using stack = new AsyncDisposableStack();
  const subjects = [];
  for (const size of [small, large]) {
    bench.say(`setting up ${size.name}`);
    const installation = await openInstallation(world.clusterUrl, async (admin, database) => {
      await addUpstream(admin, 'plain', world.plain.url);
      await admin.mutate(
        'createVirtualServer',
        'CreateVirtualServerInput',
        { slug: 'seed', name: 'seed', visibility: 'ORGANIZATION' },
        'virtualServer { id }',
      );
      await fill(database, size);
    });
    stack.defer(() => installation.close());
    const server = await installation.startGateway();
    stack.defer(() => server.stop());
    const job = echo(`${server.gateway}/mcp`, installation.token, 'plain__echo');
    subjects.push({ name: size.name, pids: server.pids, job });
  }
  const figures = [];
  const ratios = [];
  for (const connections of options.short ? [16] : [1, 16]) {
    const [few, many] = await interleave(runner, subjects, connections, options);
    if (!few || !many) throw new Error('nothing was measured');
    figures.push(few, many);
    ratios.push({
      name: `p50, large ÷ small, ${connections} connections`,
      value: ratioOf(many, few, ({ p50 }) => p50),
      goal: { atMost: 1.1 },
      unit: 'x' as const,
    });
  }
  return mixResult('growth', 'tools/call, 64 B, small and large installation', figures, ratios);
}
