import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSecret } from '#crypto';
import { encodeGlobalId, newId } from '#kernel';
import { createPool } from '#postgres';
import { seedUpstream } from './catalog-seed.js';
import {
  startTestControlPlane,
  type GraphqlAnswer,
  type TestControlPlane,
  type TestTeam,
  type TestUser,
} from './control-plane-harness.js';

const fields = `id slug name description url visibility enabled authHeader hasCredential era health healthCode serverInfo owner { email } team { slug }`;
const create = `mutation($input: CreateUpstreamInput!) { createUpstream(input: $input) { upstream { ${fields} } userErrors { field code message } } }`;
const update = `mutation($input: UpdateUpstreamInput!) { updateUpstream(input: $input) { upstream { ${fields} } userErrors { field code message } } }`;
const remove = `mutation($input: DeleteUpstreamInput!) { deleteUpstream(input: $input) { deletedId userErrors { field code message } } }`;
const bySlug = `query($slug: String!) { upstreamBySlug(slug: $slug) { ${fields} } }`;
const url = 'https://mcp.example.com/mcp';

interface UserError {
  readonly field: string | null;
  readonly code: string;
  readonly message: string;
}

const userErrors = (answer: GraphqlAnswer): UserError[] => {
  expect(answer.errors).toEqual([]);
  const [payload] = Object.values(answer.data) as [{ userErrors: UserError[] }];
  return payload.userErrors;
};

const without = (error: GraphqlAnswer['errors'][number] | undefined) =>
  JSON.stringify({ ...error, extensions: { ...error?.extensions, correlationId: '' } });

describe('upstreams', () => {
  let cp: TestControlPlane;
  let owner: TestUser;
  let developer: TestUser;
  let teamAdmin: TestUser;
  let member: TestUser;
  let plain: TestUser;
  let auditor: TestUser;
  let team: TestTeam;
  let otherTeam: TestTeam;
  let count = 0;
  const freshSlug = () => `mcp-${(count += 1)}`;

  beforeAll(async () => {
    cp = await startTestControlPlane({ GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1:3001,10.1.0.0/16' });
    const { seed, organizationId } = cp;
    team = await seed.team(organizationId, 'alpha');
    otherTeam = await seed.team(organizationId, 'beta');
    owner = await seed.user(organizationId, { organizationRole: 'organization-owner' });
    auditor = await seed.user(organizationId, { organizationRole: 'organization-auditor' });
    developer = await seed.user(organizationId, { teams: [[team, 'team-developer']] });
    teamAdmin = await seed.user(organizationId, { teams: [[team, 'team-admin']] });
    member = await seed.user(organizationId, { teams: [[team, 'team-member']] });
    plain = await seed.user(organizationId);
  });
  afterAll(() => cp[Symbol.asyncDispose]());

  /** Creates one and answers its fields. */
  async function created(user: TestUser, input: object = {}) {
    const answer = await user.query(create, { input: { slug: freshSlug(), name: 'Files', url, ...input } });
    expect(userErrors(answer)).toEqual([]);
    return answer.data.createUpstream.upstream;
  }

  it('are created private to their owner by default, synced, changed and deleted [GQL-7]', async () => {
    cp.jobs.splice(0);
    const made = await created(developer, { slug: 'files', name: ' Files ', url: 'HTTPS://MCP.example.com' });
    expect(made).toMatchObject({
      ...{ slug: 'files', name: 'Files', description: '', url: 'https://mcp.example.com/', visibility: 'PRIVATE' },
      ...{ enabled: true, authHeader: null, hasCredential: false, era: null, health: 'UNKNOWN', team: null },
      owner: { email: developer.email },
    });
    expect(cp.jobs).toEqual([
      {
        queue: 'sync-catalog',
        payload: { organizationId: cp.organizationId, upstreamId: expect.any(String), operationId: null },
      },
    ]);
    const changed = await developer.query(update, {
      input: { id: made.id, description: 'shared disk', enabled: false },
    });
    expect(changed.data.updateUpstream.upstream).toMatchObject({
      slug: 'files',
      description: 'shared disk',
      enabled: false,
    });
    expect(cp.jobs).toHaveLength(1);
    expect((await developer.query(bySlug, { slug: 'files' })).data.upstreamBySlug.id).toBe(made.id);
    const gone = await developer.query(remove, { input: { id: made.id } });
    expect(gone.data.deleteUpstream).toEqual({ deletedId: made.id, userErrors: [] });
    const after = await developer.query(bySlug, { slug: 'files' });
    expect([after.data.upstreamBySlug, after.errors[0]?.message]).toEqual([null, 'Upstream not found.']);
  });

  it('are not synced while disabled, and synced when enabled', async () => {
    cp.jobs.splice(0);
    const { id } = await created(developer, { enabled: false });
    expect(cp.jobs).toEqual([]);
    await developer.query(update, { input: { id, enabled: true } });
    expect(cp.jobs.map(({ queue }) => queue)).toEqual(['sync-catalog']);
  });

  it('are committed although the job store is away; the schedule syncs them', async () => {
    await using away = await startTestControlPlane(
      {},
      { jobs: { enqueue: () => Promise.reject(new Error('no job store')) } },
    );
    const admin = await away.seed.user(away.organizationId, { organizationRole: 'organization-admin' });
    const answer = await admin.query(create, { input: { slug: 'lonely', name: 'Lonely', url } });
    expect(answer.data.createUpstream.upstream.slug).toBe('lonely');
    expect(away.log.join('')).toContain('waits for the schedule');
  });

  it('show to whom their visibility says, in lists as by slug and id [AUZ-2]', async () => {
    const secretive = await created(developer);
    const teamwork = await created(developer, { visibility: 'TEAM', teamId: team.globalId });
    const everyones = await created(owner, { visibility: 'ORGANIZATION' });
    const sees = async (user: TestUser) => {
      const list = await user.query('{ upstreams(first: 100) { edges { node { id } } } }');
      const ids = new Set(list.data.upstreams.edges.map((edge: { node: { id: string } }) => edge.node.id));
      const seen = [];
      for (const one of [secretive, teamwork, everyones]) {
        const node = await user.query('query($id: ID!) { node(id: $id) { id } }', { id: one.id });
        const slug = await user.query(bySlug, { slug: one.slug });
        const answers = [ids.has(one.id), node.data.node !== null, slug.data.upstreamBySlug !== null];
        expect(new Set(answers).size, `${user.email} ${one.slug}`).toBe(1);
        seen.push(answers[0]);
      }
      return seen;
    };
    expect(await sees(owner)).toEqual([true, true, true]);
    expect(await sees(auditor)).toEqual([true, true, true]);
    expect(await sees(developer)).toEqual([true, true, true]);
    expect(await sees(member)).toEqual([false, true, true]);
    expect(await sees(plain)).toEqual([false, false, true]);
  });

  it('are created where the role reaches, and nowhere else', async () => {
    const tries: [TestUser, object, string | null][] = [
      [owner, { visibility: 'ORGANIZATION' }, null],
      [owner, { visibility: 'TEAM', teamId: otherTeam.globalId }, null],
      [developer, { visibility: 'TEAM', teamId: team.globalId }, null],
      [developer, { visibility: 'ORGANIZATION' }, 'FORBIDDEN'],
      [developer, { visibility: 'TEAM', teamId: otherTeam.globalId }, 'FORBIDDEN'],
      [developer, { visibility: 'TEAM', teamId: encodeGlobalId('Team', newId()) }, 'FORBIDDEN'],
      [owner, { visibility: 'TEAM', teamId: encodeGlobalId('Team', newId()) }, 'NOT_FOUND'],
      [member, {}, 'FORBIDDEN'],
      [plain, {}, 'FORBIDDEN'],
      [auditor, {}, 'FORBIDDEN'],
    ];
    for (const [user, input, code] of tries) {
      const answer = await user.query(create, { input: { slug: freshSlug(), name: 'x', url, ...input } });
      expect(answer.errors[0]?.extensions.code ?? null, `${user.email} ${JSON.stringify(input)}`).toBe(code);
    }
  });

  it('cannot be lifted to the organization or into a foreign team by whom may only change them', async () => {
    const { id } = await created(developer);
    for (const input of [{ visibility: 'ORGANIZATION' }, { visibility: 'TEAM', teamId: otherTeam.globalId }]) {
      const answer = await developer.query(update, { input: { id, ...input } });
      expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
    }
    const shared = await developer.query(update, { input: { id, visibility: 'TEAM', teamId: team.globalId } });
    expect(shared.data.updateUpstream.upstream).toMatchObject({ visibility: 'TEAM', team: { slug: 'alpha' } });
    expect((await teamAdmin.query(update, { input: { id, name: 'Ours' } })).data.updateUpstream.upstream.name).toBe(
      'Ours',
    );
    expect((await member.query(update, { input: { id, name: 'Mine' } })).errors[0]?.extensions.code).toBe('FORBIDDEN');
    const back = await developer.query(update, { input: { id, visibility: 'PRIVATE' } });
    expect(back.data.updateUpstream.upstream).toMatchObject({ visibility: 'PRIVATE', team: null });
  });

  it('answer hidden, missing and foreign ids alike, in the same number of queries [GQL-13] [BAD-3] [BAD-4]', async () => {
    const elsewhere = await cp.seed.organization('elsewhere');
    const stranger = await cp.seed.user(elsewhere);
    const foreign = await seedUpstream(cp.seed, elsewhere, 'foreign', { owner: stranger });
    const hidden = await created(developer);
    const ids = [hidden.id, encodeGlobalId('Upstream', newId()), foreign.upstream.globalId];
    const operations: [string, (id: string) => object][] = [
      ['query($id: ID!) { node(id: $id) { id } }', (id) => ({ id })],
      [update, (id) => ({ input: { id, name: 'taken over' } })],
      [remove, (id) => ({ input: { id } })],
      [
        'mutation($input: CheckUpstreamInput!) { checkUpstream(input: $input) { operation { id } } }',
        (id) => ({ input: { id } }),
      ],
      [
        'mutation($input: SyncUpstreamInput!) { syncUpstream(input: $input) { operation { id } } }',
        (id) => ({ input: { id } }),
      ],
    ];
    for (const [operation, variables] of operations) {
      const answers = [];
      const counts = [];
      for (const id of ids) {
        cp.queries.reset();
        answers.push(without((await member.query(operation, variables(id))).errors[0]));
        counts.push(cp.queries.statements.length);
      }
      expect(answers[0]).toContain('NOT_FOUND');
      expect(new Set(answers).size, operation).toBe(1);
      expect(new Set(counts).size, operation).toBe(1);
    }
    const slugs = [hidden.slug, 'never-was', 'foreign'];
    const answers = await Promise.all(
      slugs.map(async (slug) => without((await member.query(bySlug, { slug })).errors[0])),
    );
    expect(new Set(answers).size).toBe(1);
  });

  it('answer what the caller can correct as userErrors, and write nothing [GQL-11] [BAD-5] [BAD-6] [BAD-7] [BAD-9]', async () => {
    await created(owner, { slug: 'taken' });
    const cases: [object, { field: string; code: string }][] = [
      [{ slug: 'taken' }, { field: 'slug', code: 'CONFLICT' }],
      [{ slug: 'Not A Slug' }, { field: 'slug', code: 'BAD_USER_INPUT' }],
      [{ slug: newId() }, { field: 'slug', code: 'BAD_USER_INPUT' }],
      [{ name: ' ' }, { field: 'name', code: 'BAD_USER_INPUT' }],
      [{ name: 'x'.repeat(201) }, { field: 'name', code: 'BAD_USER_INPUT' }],
      [{ description: 'x'.repeat(2001) }, { field: 'description', code: 'BAD_USER_INPUT' }],
      ...['ftp://mcp.example.com/', 'file:///etc/passwd', 'javascript:alert(1)', 'mcp.example.com', '', 'https://'].map(
        (bad): [object, { field: string; code: string }] => [{ url: bad }, { field: 'url', code: 'BAD_USER_INPUT' }],
      ),
      [{ url: 'https://user:secret@mcp.example.com/' }, { field: 'url', code: 'BAD_USER_INPUT' }],
      [{ url: 'https://mcp.example.com/#part' }, { field: 'url', code: 'BAD_USER_INPUT' }],
      [{ url: `https://mcp.example.com/${'x'.repeat(2000)}` }, { field: 'url', code: 'BAD_USER_INPUT' }],
      ...[
        'http://127.0.0.1/',
        'http://127.0.0.1:3002/',
        'http://0x7f.1:8080/',
        'http://[::1]/',
        'http://10.2.0.1/',
        'http://169.254.169.254/',
      ].map((bad): [object, { field: string; code: string }] => [
        { url: bad },
        { field: 'url', code: 'UPSTREAM_BLOCKED_ADDRESS' },
      ]),
      [{ visibility: 'TEAM' }, { field: 'teamId', code: 'BAD_USER_INPUT' }],
      [
        { visibility: 'ORGANIZATION', teamId: team.globalId },
        { field: 'teamId', code: 'BAD_USER_INPUT' },
      ],
      [
        { teamId: encodeGlobalId('User', owner.id), visibility: 'TEAM' },
        { field: 'teamId', code: 'BAD_USER_INPUT' },
      ],
      ...[
        'Host',
        'content-length',
        'CONNECTION',
        'Mcp-Session-Id',
        'transfer-encoding',
        'X-Forwarded-For',
        'bad name',
        'x:y',
        '',
      ].map((bad): [object, { field: string; code: string }] => [
        { authHeader: bad, authSecret: 'Bearer x' },
        { field: 'authHeader', code: 'BAD_USER_INPUT' },
      ]),
      ...['a\r\nx-other: 1', 'a\n', 'a\u0000', '€', '', 'x'.repeat(8193)].map(
        (bad): [object, { field: string; code: string }] => [
          { authSecret: bad },
          { field: 'authSecret', code: 'BAD_USER_INPUT' },
        ],
      ),
      [{ authHeader: 'X-Api-Key' }, { field: 'authSecret', code: 'BAD_USER_INPUT' }],
    ];
    const before = (await owner.query('{ upstreams(first: 100) { edges { cursor } } }')).data.upstreams.edges.length;
    for (const [input, expected] of cases) {
      const answer = await owner.query(create, { input: { slug: 'correct', name: 'x', url, ...input } });
      const errors = userErrors(answer);
      expect(errors, JSON.stringify(input)).toEqual([expect.objectContaining(expected)]);
      expect(errors[0]?.message, JSON.stringify(input)).toContain(' ');
    }
    const after = (await owner.query('{ upstreams(first: 100) { edges { cursor } } }')).data.upstreams.edges.length;
    expect(after).toBe(before);
  });

  it('may lie at a private address that the allow list names', async () => {
    const made = await created(owner, { url: 'http://127.0.0.1:3001/mcp' });
    const moved = await owner.query(update, { input: { id: made.id, url: 'http://10.1.2.3/mcp' } });
    expect(moved.data.updateUpstream.upstream.url).toBe('http://10.1.2.3/mcp');
    const refused = await owner.query(update, { input: { id: made.id, url: 'http://10.2.2.3/mcp' } });
    expect(userErrors(refused)).toEqual([expect.objectContaining({ field: 'url', code: 'UPSTREAM_BLOCKED_ADDRESS' })]);
  });

  it('keep their credential sealed: it opens with the keyring, and no table, answer or log shows it [GQL-7] [CAT-4]', async () => {
    const secret = `Bearer plain-${newId()}`;
    const answer = await owner.query(create, {
      input: { slug: 'sealed', name: 'Sealed', url, authHeader: 'X-Api-Key', authSecret: secret },
    });
    expect(answer.data.createUpstream.upstream).toMatchObject({ hasCredential: true, authHeader: 'X-Api-Key' });
    expect(answer.text).not.toContain(secret);
    const superuser = createPool({ url: cp.databaseUrl, max: 1 });
    try {
      const [row] = await superuser.query<{ id: string; auth_secret: string }>(
        `select id, auth_secret from upstreams where slug = 'sealed'`,
      );
      expect(openSecret(cp.deps.keyring, row?.auth_secret ?? '', `${cp.organizationId}:${row?.id}`)).toBe(secret);
      expect(() => openSecret(cp.deps.keyring, row?.auth_secret ?? '', `${cp.organizationId}:${newId()}`)).toThrow(
        'integrity',
      );
      const tables = await superuser.query<{ name: string }>(
        `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
      );
      for (const { name } of tables) {
        const [found] = await superuser.query<{ n: number }>(
          `select count(*)::int as n from ${name} t where t::text like '%' || $1 || '%'`,
          [secret],
        );
        expect(found?.n, name).toBe(0);
      }
    } finally {
      await superuser.end();
    }
    expect(cp.log.join('')).not.toContain(secret);
  });

  it('never send a credential to another address: it must be given again, or taken away', async () => {
    const { id } = await created(owner, { authSecret: 'Bearer one' });
    const follow = await owner.query(update, { input: { id, url: 'https://evil.example.com/mcp' } });
    expect(userErrors(follow)).toEqual([expect.objectContaining({ field: 'authSecret', code: 'BAD_USER_INPUT' })]);
    const onlyHeader = await owner.query(update, {
      input: { id, url: 'https://evil.example.com/mcp', authHeader: 'X-Key' },
    });
    expect(userErrors(onlyHeader)).toEqual([expect.objectContaining({ field: 'authSecret' })]);
    const same = await owner.query(update, { input: { id, url } });
    expect(same.data.updateUpstream.upstream).toMatchObject({ hasCredential: true, authHeader: 'Authorization' });
    const renamed = await owner.query(update, { input: { id, authHeader: 'X-Key' } });
    expect(renamed.data.updateUpstream.upstream).toMatchObject({ hasCredential: true, authHeader: 'X-Key' });
    const again = await owner.query(update, {
      input: { id, url: 'https://new.example.com/mcp', authSecret: 'Bearer two' },
    });
    expect(again.data.updateUpstream.upstream).toMatchObject({ hasCredential: true, authHeader: 'X-Key' });
    const dropped = await owner.query(update, { input: { id, url, authSecret: null } });
    expect(dropped.data.updateUpstream.upstream).toMatchObject({ hasCredential: false, authHeader: null });
  });

  it('forget what was found when the address changes, and are synced again', async () => {
    const { id } = await created(owner);
    const uuid = Buffer.from(id, 'base64url').toString().split(':')[1] ?? '';
    await cp.seed.write(cp.organizationId, async (tx) => {
      const row = await tx.upstreams.find(uuid);
      const serverInfo = '{"name":"old","version":"1"}';
      if (row) Object.assign(row, { era: 'LEGACY', health: 'UNHEALTHY', healthCode: 'UPSTREAM_TLS', serverInfo });
    });
    const before = await owner.query(update, { input: { id, name: 'Renamed' } });
    expect(before.data.updateUpstream.upstream).toMatchObject({
      ...{ era: 'LEGACY', health: 'UNHEALTHY', healthCode: 'UPSTREAM_TLS' },
      serverInfo: { name: 'old', version: '1' },
    });
    cp.jobs.splice(0);
    const moved = await owner.query(update, { input: { id, url: 'https://elsewhere.example.com/mcp' } });
    expect(moved.data.updateUpstream.upstream).toMatchObject({
      ...{ era: null, health: 'UNKNOWN', healthCode: null, serverInfo: null },
    });
    expect(cp.jobs.map(({ queue }) => queue)).toEqual(['sync-catalog']);
  });

  it('leave records that say what happened without the query of the address', async () => {
    await created(owner, {
      slug: 'recorded',
      url: 'https://mcp.example.com/mcp?key=0123456789',
      authSecret: 'Bearer s3cret',
    });
    const event = (await cp.audit()).findLast(({ action }) => action === 'upstream.create');
    expect(JSON.parse(event?.details ?? '{}')).toEqual({
      ...{
        slug: 'recorded',
        transport: 'STREAMABLE_HTTP',
        protocolEra: 'AUTO',
        url: 'https://mcp.example.com/mcp',
        visibility: 'PRIVATE',
        teamId: null,
        hasCredential: true,
      },
    });
  });
});
