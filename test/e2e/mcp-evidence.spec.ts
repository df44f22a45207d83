import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPool, type DatabasePool } from '#postgres';
import {
  addUpstream,
  addVirtualServer,
  freePort,
  postMcp,
  startFixtureServer,
  until,
  type FixtureServer,
} from '#testing';
import { auditedCases, legacy, modern, type AuditedCase } from './mcp-audited-cases.js';
import { readMetrics } from './mcp-metrics.js';
import { compose, entriesOf, startMcpWorld, untilServed, type McpWorld } from './mcp-world.js';

type Json = Record<string, unknown>;

interface Row {
  readonly action: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly subject_type: string | null;
  readonly request_id: string;
  readonly sequence: string;
  readonly actor_token_id: string | null;
  readonly details: string;
}

let world: McpWorld;
let fixture: FixtureServer;
let dead: FixtureServer;
let superuser: DatabasePool;
let metricsUrl: string;

beforeAll(async () => {
  const metricsPort = String(await freePort());
  metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
  [world, fixture, dead] = await Promise.all([
    startMcpWorld({ GATEHOUSE_METRICS_PORT: metricsPort, GATEHOUSE_LOG_LEVEL: 'debug' }),
    startFixtureServer({ era: 'legacy', sessions: true }),
    startFixtureServer({ era: 'modern' }),
  ]);
  superuser = createPool({ url: world.database.url, max: 1, applicationName: 'gatehouse-test' });
  const { admin, token } = world;
  const id = await addUpstream(admin, 'living', fixture.url, { authSecret: 'Bearer upstream-secret' });
  await compose(admin, 'whole', await entriesOf(admin, id));
  await addVirtualServer(admin, 'dead', await addUpstream(admin, 'dead', dead.url), ['echo']);
  await untilServed(world.at('/servers/dead/mcp'), token);
  await dead.close();
  // The catalogue knows it, the upstream no longer does.
  fixture.catalogue.tools = fixture.catalogue.tools.filter(({ definition }) => definition['name'] !== 'link');
});
afterAll(async () => {
  await superuser?.end();
  await world?.[Symbol.asyncDispose]();
  await Promise.all([fixture?.close(), dead?.close()]);
});

const rowsOf = (prefix: string) =>
  superuser.query<Row>(
    'select action, outcome, reason, subject_type, request_id, sequence, actor_token_id, details from audit_events where request_id like $1 order by request_id, sequence',
    [`${prefix}%`],
  );

const send = (name: string, { at = '/servers/whole/mcp', body, headers }: AuditedCase, prefix = 'request') =>
  postMcp(world.at(at), world.token, JSON.stringify(body), { ...headers, 'x-request-id': `${prefix}-${name}` });

describe('every request', () => {
  let before: Map<string, number>;
  let after: Map<string, number>;

  beforeAll(async () => {
    before = await readMetrics(metricsUrl);
    await Promise.all(auditedCases.map(([name, one]) => send(name, one)));
    for (const token of [null, 'gth_not.a.token'])
      await postMcp(world.at('/mcp'), token, '{}', { 'x-request-id': 'request-refused' });
    await postMcp(world.at('/mcp'), world.token, '{"no json', { 'x-request-id': 'request-no-json' });
    after = await readMetrics(metricsUrl);
    // One gateway writes in order: when a later record is there, all earlier ones are.
    await send('zzz', { body: legacy('tools/list'), records: [] });
    await until('the last record is written', async () => (await rowsOf('request-zzz')).length === 1);
  });

  it.each(auditedCases)('[TRL-1] leaves exactly its record: %s', async (name, { records }) => {
    const rows = (await rowsOf('request-')).filter((row) => row.request_id === `request-${name}`);
    const told = rows.map(({ action, outcome, reason, subject_type }) => [action, outcome, reason, subject_type]);
    const sorted = (lines: readonly (readonly unknown[])[]) => lines.map((line) => line.join(' ')).toSorted();
    expect(sorted(told)).toEqual(sorted(records));
    expect(new Set(rows.map((row) => row.actor_token_id)).size).toBeLessThanOrEqual(1);
    for (const row of rows) {
      expect(row.actor_token_id).not.toBeNull();
      expect(row.details).not.toMatch(/upstream-secret|gth_/);
    }
  });

  it('[TRL-1] that nobody is known for, or that is no message, leaves none of its own', async () => {
    expect([...(await rowsOf('request-refused')), ...(await rowsOf('request-no-json'))]).toEqual([]);
  });

  it('[OBS-2] is counted by method and outcome, at the gateway and towards the upstream', () => {
    const expected = new Map<string, number>();
    const count = (key: string, by = 1) => expected.set(key, (expected.get(key) ?? 0) + by);
    for (const [, { records, upstream }] of auditedCases) {
      for (const [action, outcome] of records) {
        const method = action === 'tools/destroy' ? 'other' : action;
        count(`gatehouse_mcp_requests_total{method="${method}",outcome="${outcome.toLowerCase()}",service="gateway"}`);
        count(`gatehouse_mcp_request_duration_seconds_count{method="${method}",outcome="${outcome.toLowerCase()}"}`);
      }
      if (upstream) count(`gatehouse_upstream_requests_total{upstream="${upstream[0]}",outcome="${upstream[1]}"}`);
    }
    for (const metric of [
      'gatehouse_mcp_requests_total{method="ping",outcome="allowed",service="gateway"}',
      'gatehouse_mcp_request_duration_seconds_count{method="ping",outcome="allowed"}',
    ])
      count(metric, 2);
    count('gatehouse_refused_credentials_total{reason="no-credential"}');
    count('gatehouse_refused_credentials_total{reason="invalid-token"}');
    const counters =
      /^gatehouse_(mcp_requests_total|mcp_request_duration_seconds_count|upstream_requests_total|refused_credentials_total)\{/;
    const grown = [...after].flatMap(([key, value]): [string, number][] => {
      const by = value - (before.get(key) ?? 0);
      return counters.test(key) && by !== 0 ? [[key, by]] : [];
    });
    expect(Object.fromEntries(grown)).toEqual(Object.fromEntries(expected));
  });

  it('[OBS-2] falls into buckets that add up', () => {
    const families = new Map<string, { edges: [number, number][]; count: number }>();
    for (const [key, value] of after) {
      const bucket = /^gatehouse_mcp_request_duration_seconds_bucket\{le="([^"]+)",(.*)\}$/.exec(key);
      if (!bucket) continue;
      const [, le = '', rest = ''] = bucket;
      const family = families.get(rest) ?? {
        edges: [],
        count: after.get(`gatehouse_mcp_request_duration_seconds_count{${rest}}`) ?? -1,
      };
      family.edges.push([le === '+Inf' ? Infinity : Number(le), value]);
      families.set(rest, family);
    }
    expect(families.size).toBeGreaterThan(5);
    for (const { edges, count } of families.values()) {
      const counts = edges.toSorted(([a], [b]) => a - b).map(([, value]) => value);
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
      expect(counts.at(-1)).toBe(count);
    }
  });
});

describe('[OBS-1] one correlation id', () => {
  const logLines = (id: string) =>
    world.gatehouse.output.stdout
      .split('\n')
      .filter((text) => text.includes(id))
      .map((text) => JSON.parse(text) as Json);

  it.each([
    [
      'a call that is answered',
      { body: legacy('tools/call', { name: 'echo', arguments: { text: 'x' } }), records: [] },
    ],
    ['a call of a modern client', { ...modern('tools/call', { name: 'echo', arguments: { text: 'x' } }), records: [] }],
    ['a call that fails', { body: legacy('tools/call', { name: 'link' }), records: [] }],
  ] as const satisfies readonly (readonly [string, AuditedCase])[])(
    'joins %s in answer, log, audit row and upstream request',
    async (title, one) => {
      const id = `obs-${title.replaceAll(' ', '-')}`.slice(0, 64);
      fixture.requests.length = 0;
      const answer = await postMcp(world.at('/servers/whole/mcp'), world.token, JSON.stringify(one.body), {
        ...('headers' in one ? one.headers : {}),
        'x-request-id': id,
      });
      expect(answer.headers.get('x-request-id')).toBe(id);
      const asked = fixture.requests.filter(({ text }) => text.includes('tools/call'));
      expect(asked.map(({ headers }) => headers['x-request-id'])).toEqual([id]);
      await until('the record is written', async () => (await rowsOf(id)).length === 1);
      await until('the log line is there', () => logLines(id).length > 0);
      expect(logLines(id)).toContainEqual(
        expect.objectContaining({ requestId: id, action: 'tools/call', service: 'gateway' }),
      );
    },
  );

  it('is made where the client sends none, and joins a mutation with its record', async () => {
    const made = await postMcp(
      world.at('/servers/whole/mcp'),
      world.token,
      JSON.stringify(legacy('tools/call', { name: 'echo' })),
    );
    const id = made.headers.get('x-request-id') ?? '';
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(fixture.requests.at(-1)?.headers['x-request-id']).toBe(id);
    await until('the record is written', async () => (await rowsOf(id)).length === 1);
    const mutation = 'mutation ($input: CreateTeamInput!) { createTeam(input: $input) { userErrors { code } } }';
    const answer = await world.admin.send(
      mutation,
      { input: { slug: 'traced', name: 'traced' } },
      { 'x-request-id': 'obs-create-team' },
    );
    expect(answer.headers.get('x-request-id')).toBe('obs-create-team');
    expect((await rowsOf('obs-create-team')).map(({ action }) => action)).toEqual(['team.create']);
  });

  it.each([
    'a b c d e f',
    'short',
    'x'.repeat(65),
    '<script>alert(1)</script>',
    '{"level":60,"x":1}',
    'gth_abc.def.ghi',
    'ünïcödé-id',
    '../../etc/passwd',
    'a;b;c;d;e;f',
  ])('[OBS-4] of a client is not taken over when it is unsafe: %s', async (unsafe) => {
    const sent = Buffer.from(unsafe).toString('latin1');
    fixture.requests.length = 0;
    const answer = await postMcp(
      world.at('/servers/whole/mcp'),
      world.token,
      JSON.stringify(legacy('tools/call', { name: 'echo' })),
      { 'x-request-id': sent },
    );
    const id = answer.headers.get('x-request-id') ?? '';
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(fixture.requests.at(-1)?.headers['x-request-id']).toBe(id);
    await until('the record is written', async () => (await rowsOf(id)).length === 1);
    expect(world.gatehouse.output.stdout).not.toContain(unsafe);
  });
});

describe('[TRL-2] the log', () => {
  const verify = async () => {
    const answer = await world.admin.send(
      '{ verifyAudit { valid checkedEvents problems { kind sequence writer message } } }',
    );
    expect(answer.errors).toEqual([]);
    return answer.data?.['verifyAudit'] as unknown as { valid: boolean; checkedEvents: number; problems: Json[] };
  };

  it('is whole after all that, and tells which record a superuser edits or removes', async () => {
    const whole = await verify();
    expect(whole).toMatchObject({ valid: true, problems: [] });
    expect(whole.checkedEvents).toBeGreaterThan(auditedCases.length);
    const [denied] = await rowsOf('request-unknown-tool');
    const set = (outcome: string) =>
      superuser.query("update audit_events set outcome = $1 where request_id = 'request-unknown-tool'", [outcome]);
    await set('ALLOWED');
    expect(await verify()).toMatchObject({
      valid: false,
      problems: [{ kind: 'EDITED', sequence: Number(denied?.sequence), writer: expect.stringContaining('gateway') }],
    });
    await set('DENIED');
    expect(await verify()).toMatchObject({ valid: true });
    await superuser.query("delete from audit_events where request_id = 'request-unknown-tool'");
    const removed = await verify();
    expect(removed.valid).toBe(false);
    expect(removed.problems).toContainEqual(
      expect.objectContaining({ kind: 'MISSING_RECORDS', sequence: Number(denied?.sequence) }),
    );
  });
});
