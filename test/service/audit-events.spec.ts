import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeCheckpoints, TransactionalRecorder } from '#audit';
import { DomainError, encodeGlobalId, newId, newRequestId } from '#kernel';
import { createPool, type DatabasePool, type SqlExecutor } from '#postgres';
import { encodeAuditCursor } from '../../apps/control-plane/src/audit-events/audit-cursor.js';
import { readAuditPage } from '../../apps/control-plane/src/audit-events/read-audit-page.js';
import { startTestControlPlane, type TestControlPlane, type TestUser } from './control-plane-harness.js';

const list = `query($filter: AuditEventFilter, $first: Int, $after: String, $last: Int, $before: String) {
  auditEvents(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { id action outcome reason occurredAt actorKind subjectType subjectId requestId ip durationMs details actorUser { email } actorToken { name } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
const verify = '{ verifyAudit { valid checkedEvents problems { kind writer epoch sequence message } } }';
const exportAudit = `mutation($input: ExportAuditInput!) { exportAudit(input: $input) { auditExport { id state fileName records bytes sha256 code createdAt finishedAt } userErrors { field code } } }`;

interface EventNode {
  readonly id: string;
  readonly action: string;
  readonly outcome: string;
  readonly occurredAt: string;
  readonly subjectId: string | null;
}

describe('audit events', () => {
  let cp: TestControlPlane;
  let superuser: DatabasePool;
  let owner: TestUser;
  let auditor: TestUser;
  let admin: TestUser;
  let plain: TestUser;
  const start = Date.UTC(2026, 9, 1);

  /** Adds events a second apart in October: `tools/call`, every third DENIED, by the plain user, with a body. */
  const addEvents = async (organizationId: string, count: number) => {
    const recorder = new TransactionalRecorder({ keyring: cp.deps.keyring, writer: 'gateway' });
    await cp.seed.write(organizationId, (tx) =>
      recorder.append(
        tx.sql,
        Array.from({ length: count }, (_, at) => ({
          ...{
            organizationId,
            occurredAt: start + at * 1000,
            action: 'tools/call',
            reason: null,
            actorKind: 'user' as const,
          },
          outcome: at % 3 === 0 ? ('DENIED' as const) : ('ALLOWED' as const),
          ...{ actorUserId: plain.id, actorTokenId: null, subjectType: 'Tool', subjectId: `tool-${at}` },
          ...{
            requestId: newRequestId(),
            ip: '192.0.2.1',
            durationMs: 1.5,
            details: { at },
            body: `{"argument":${at}}`,
          },
        })),
      ),
    );
  };

  beforeAll(async () => {
    cp = await startTestControlPlane();
    superuser = createPool({ url: cp.databaseUrl, max: 1 });
    const { seed, organizationId } = cp;
    owner = await seed.user(organizationId, { organizationRole: 'organization-owner' });
    admin = await seed.user(organizationId, { organizationRole: 'organization-admin' });
    auditor = await seed.user(organizationId, { organizationRole: 'organization-auditor' });
    plain = await seed.user(organizationId);
    await addEvents(organizationId, 10);
  });
  afterAll(async () => {
    await superuser.end();
    await cp[Symbol.asyncDispose]();
  });

  const calls = { action: 'tools/call' };
  const page = async (variables: object) => {
    const { data, errors } = await auditor.query(list, variables);
    expect(errors).toEqual([]);
    const { edges, pageInfo } = data.auditEvents;
    return { nodes: edges.map(({ node }: { node: EventNode }) => node) as EventNode[], pageInfo };
  };
  const subjects = async (variables: object) => (await page(variables)).nodes.map(({ subjectId }) => subjectId);

  it('are listed newest first and page both ways without gaps [GQL-2]', async () => {
    const whole = await subjects({ filter: calls });
    expect(whole).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((at) => `tool-${at}`));
    const forwards = [];
    let after: string | null = null;
    for (let more = true; more;) {
      const { nodes, pageInfo } = await page({ filter: calls, first: 3, after });
      forwards.push(...nodes.map(({ subjectId }) => subjectId));
      ({ endCursor: after, hasNextPage: more } = pageInfo);
    }
    expect(forwards).toEqual(whole);
    const backwards = [];
    let before: string | null = null;
    for (let more = true; more;) {
      const { nodes, pageInfo } = await page({ filter: calls, last: 4, before });
      backwards.unshift(...nodes.map(({ subjectId }) => subjectId));
      ({ startCursor: before, hasPreviousPage: more } = pageInfo);
    }
    expect(backwards).toEqual(whole);
    const bad = await auditor.query(list, { first: 3, after: 'nonsense' });
    expect(bad.errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'after' });
  });

  it('are found by action, outcome, actor and time', async () => {
    expect(await subjects({ filter: { ...calls, outcome: 'DENIED' } })).toEqual([
      'tool-9',
      'tool-6',
      'tool-3',
      'tool-0',
    ]);
    const at = (seconds: number) => new Date(start + seconds * 1000).toISOString();
    expect(await subjects({ filter: { from: at(2), to: at(4) } })).toEqual(['tool-3', 'tool-2']);
    expect(await subjects({ filter: { ...calls, actorUserId: plain.globalId } })).toHaveLength(10);
    expect(await subjects({ filter: { ...calls, actorUserId: owner.globalId } })).toEqual([]);
    expect(await subjects({ filter: { action: "tools/call' or true --" } })).toEqual([]);
    const mixedUp = await auditor.query(list, { filter: { from: at(4), to: at(2) } });
    expect(mixedUp.errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'filter' });
  });

  it('tell who did it with which token, in a constant number of queries [GQL-3]', async () => {
    await plain.query('mutation { createTeam(input: { slug: "x", name: "x" }) { userErrors { code } } }');
    const [denied] = (await page({ first: 1 })).nodes;
    expect(denied).toMatchObject({
      ...{ action: 'team.create', outcome: 'DENIED', reason: 'FORBIDDEN', actorKind: 'user' },
      ...{ actorUser: { email: plain.email }, actorToken: { name: 'test' }, details: {} },
    });
    const measure = async (first: number) => {
      cp.queries.reset();
      await page({ first });
      return cp.queries.statements.length;
    };
    expect(await measure(12)).toBe(await measure(1));
  });

  it.each([
    ['unfiltered', {}, {}],
    ['filtered', { action: 'tools/call', from: new Date(start), to: new Date(start + 5000) }, {}],
    ['after a cursor', {}, { after: encodeAuditCursor({ occurredAt: new Date(start), id: newId() }) }],
  ])('are read along the index of the table, %s', async (_, filter, more) => {
    const plans = await superuser.transaction(async (sql) => {
      // So small a table would be read whole.
      await sql.query('set local enable_seqscan = off');
      const lines: string[] = [];
      const explain: SqlExecutor = {
        query: async (text, params) => {
          const plan = await sql.query<{ 'QUERY PLAN': string }>(`explain ${text}`, params);
          lines.push(...plan.map((row) => row['QUERY PLAN']));
          return [];
        },
      };
      await readAuditPage(explain, cp.organizationId, filter, { first: 50, ...more });
      return lines.join('\n');
    });
    expect(plans).toMatch(/Index (Only )?Scan/);
    expect(plans).not.toMatch(/Sort +\(cost/);
  });

  it('are shown to owners, administrators and auditors of their organization only', async () => {
    const team = await cp.seed.team(cp.organizationId);
    const teamAdmin = await cp.seed.user(cp.organizationId, { teams: [[team, 'team-admin']] });
    for (const user of [owner, admin, auditor]) {
      expect((await user.query(list, { first: 1 })).data.auditEvents.edges).toHaveLength(1);
    }
    for (const user of [teamAdmin, plain]) {
      for (const query of [list, verify]) {
        expect((await user.query(query)).errors[0]?.extensions.code).toBe('FORBIDDEN');
      }
    }
    const [event] = (await page({ filter: calls, first: 1 })).nodes;
    const node = 'query($id: ID!) { node(id: $id) { ... on AuditEvent { action details } } }';
    expect((await auditor.query(node, { id: event?.id })).data.node).toEqual({
      action: 'tools/call',
      details: { at: 9 },
    });
    const elsewhere = await cp.seed.organization('elsewhere');
    const foreignOwner = await cp.seed.user(elsewhere, { organizationRole: 'organization-owner' });
    const answers = [];
    for (const [user, id] of [
      [plain, event?.id],
      [foreignOwner, event?.id],
      [foreignOwner, encodeGlobalId('AuditEvent', newId())],
    ] as const) {
      const { data, errors } = await user.query(node, { id });
      answers.push([data.node, errors[0]?.message]);
    }
    expect(answers).toEqual(answers.map(() => [null, 'AuditEvent not found.']));
    expect((await foreignOwner.query(list, { filter: calls })).data.auditEvents.edges).toEqual([]);
  });

  it('show their body to those who may read bodies, and only fail that field for the others', async () => {
    const bodies = `{ auditEvents(first: 3, filter: { action: "tools/call" }) { edges { node { subjectId body } } } }`;
    cp.queries.reset();
    const seen = await auditor.query(bodies);
    expect(seen.data.auditEvents.edges.map(({ node }: { node: { body: string } }) => node.body)).toEqual([
      ...['{"argument":9}', '{"argument":8}', '{"argument":7}'],
    ]);
    const refused = await owner.query(bodies);
    expect(refused.data.auditEvents.edges[0].node).toEqual({ subjectId: 'tool-9', body: null });
    expect(refused.errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
    const [event] = (await page({ filter: calls, first: 1 })).nodes;
    const one = await auditor.query('query($id: ID!) { node(id: $id) { ... on AuditEvent { body } } }', {
      id: event?.id,
    });
    expect(one.data.node.body).toBe('{"argument":9}');
  });

  it('are verified on demand, and an edited record is found [TRL-2]', async () => {
    const elsewhere = await cp.seed.organization('tampered');
    const watcher = await cp.seed.user(elsewhere, { organizationRole: 'organization-auditor' });
    await addEvents(elsewhere, 5);
    await writeCheckpoints(cp.deps.systemPool, cp.deps.keyring);
    const clean = await watcher.query(verify);
    expect(clean.data.verifyAudit).toEqual({ valid: true, checkedEvents: expect.any(Number), problems: [] });
    await superuser.query(
      `update audit_events set outcome = 'ALLOWED' where organization_id = $1 and writer = 'gateway' and sequence = 4`,
      [elsewhere],
    );
    const found = await watcher.query(verify);
    expect(found.data.verifyAudit).toMatchObject({
      valid: false,
      problems: [{ kind: 'EDITED', writer: 'gateway', sequence: 4 }],
    });
    // The log of another organization is another matter.
    expect((await owner.query(verify)).data.verifyAudit.valid).toBe(true);
    expect((await admin.query(verify)).data.verifyAudit.valid).toBe(true);
  });

  it('are exported by the worker: a row asks for it and shows how far it is', async () => {
    cp.jobs.splice(0);
    const filter = { action: 'tools/call', from: '2026-10-01T00:00:00Z', actorUserId: plain.globalId };
    const { data } = await auditor.query(exportAudit, { input: { filter } });
    expect(data.exportAudit).toMatchObject({
      auditExport: { state: 'PENDING', fileName: null, records: 0, bytes: 0, sha256: null, finishedAt: null },
      userErrors: [],
    });
    const { id } = data.exportAudit.auditExport;
    const exportId = Buffer.from(id, 'base64url').toString().split(':')[1];
    expect(cp.jobs).toEqual([{ queue: 'export-audit', payload: { organizationId: cp.organizationId, exportId } }]);
    const [row] = await superuser.query<{ filter: string; requested_by: string }>(
      'select filter, requested_by from audit_exports where id = $1',
      [exportId],
    );
    expect(row?.requested_by).toBe(auditor.id);
    expect(JSON.parse(row?.filter ?? '')).toEqual({
      action: 'tools/call',
      from: '2026-10-01T00:00:00.000Z',
      actorUserId: plain.id,
    });
    await superuser.query(
      `update audit_exports set state = 'SUCCEEDED', records = 10, bytes = 5000000000, file_name = 'x.jsonl' where id = $1`,
      [exportId],
    );
    const node = 'query($id: ID!) { node(id: $id) { ... on AuditExport { state records bytes fileName } } }';
    expect((await owner.query(node, { id })).data.node).toEqual({
      state: 'SUCCEEDED',
      records: 10,
      bytes: 5_000_000_000,
      fileName: 'x.jsonl',
    });
    expect((await plain.query(node, { id })).errors[0]?.extensions.code).toBe('NOT_FOUND');
    const bad = await auditor.query(exportAudit, {
      input: { filter: { from: '2026-10-02T00:00:00Z', to: '2026-10-01T00:00:00Z' } },
    });
    expect(bad.data.exportAudit.userErrors).toEqual([{ field: 'filter.from', code: 'BAD_USER_INPUT' }]);
  });

  it('are not left half exported when the job store is away', async () => {
    const refuse = () => Promise.reject(new DomainError('DATABASE_UNAVAILABLE', 'The job store does not answer.'));
    await using away = await startTestControlPlane({}, { jobs: { enqueue: refuse } });
    const user = await away.seed.user(away.organizationId, { organizationRole: 'organization-auditor' });
    const { data } = await user.query(exportAudit, { input: {} });
    expect(data.exportAudit.auditExport).toMatchObject({ state: 'FAILED', code: 'DATABASE_UNAVAILABLE' });
  });
});
