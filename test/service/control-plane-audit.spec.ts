import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessTable, auditedAs } from '../../apps/control-plane/src/graphql/access-table.js';
import {
  graphql,
  password,
  send,
  startTestControlPlane,
  TestBrowser,
  type GraphqlAnswer,
  type TestControlPlane,
  type TestUser,
} from './control-plane-harness.js';
import { senselessOperations } from './senseless-operations.js';

interface Row {
  readonly action: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly actor_kind: string;
  readonly subject_id: string | null;
  readonly ip: string | null;
  readonly details: { readonly count?: number; readonly fields?: string[] };
}

const columns = 'action, outcome, reason, actor_kind, subject_id, ip, details::json as details';

describe('the audit log of the control plane', () => {
  let cp: TestControlPlane;
  let owner: TestUser;
  let now = Date.now();

  beforeAll(async () => {
    cp = await startTestControlPlane(
      { GATEHOUSE_AUTH_SIGN_IN_ATTEMPTS: '3', GATEHOUSE_AUTH_SIGN_IN_NETWORK_ATTEMPTS: '50' },
      { clock: { now: () => now } },
    );
    owner = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-owner' });
  });
  afterAll(() => cp[Symbol.asyncDispose]());

  const recordsOf = (answer: GraphqlAnswer) =>
    cp.deps.systemPool.query<Row>(`select ${columns} from audit_events where request_id = $1`, [
      answer.headers.get('x-request-id'),
    ]);
  /** What strangers did since the last call: lets the minute end and waits for its records. */
  const strangers = async (atLeast = 1): Promise<Row[]> => {
    const since = new Date(now - 1000);
    now += 60_000;
    const read = () =>
      cp.deps.systemPool.query<Row>(
        `select ${columns} from audit_events where details::json->>'count' is not null and occurred_at >= $1 order by action`,
        [since],
      );
    await expect.poll(async () => (await read()).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(atLeast);
    return read();
  };

  it('holds each mutation whose input does not decode, with the fields and without their values [TRL-5] [GQL-11]', async () => {
    const seen: string[] = [];
    for (const { name, text, variables } of await senselessOperations('Mutation')) {
      if (Object.keys(variables).length === 0 || accessTable.Mutation[name]?.needs === 'anyone') continue;
      const answer = await owner.query(text, variables);
      expect({ name, errors: answer.errors }).toEqual({ name, errors: [] });
      const { userErrors } = answer.data[name] as { userErrors: { field: string; code: string }[] };
      expect({ name, codes: [...new Set(userErrors.map(({ code }) => code))] }).toEqual({
        name,
        codes: ['BAD_USER_INPUT'],
      });
      expect({ name, records: await recordsOf(answer) }).toMatchObject({
        name,
        records: [
          {
            ...{ action: auditedAs(name), outcome: 'FAILED', reason: 'BAD_USER_INPUT', actor_kind: 'user' },
            details: { fields: userErrors.map(({ field }) => field) },
          },
        ],
      });
      seen.push(name);
    }
    expect(seen.length).toBeGreaterThan(15);
  });

  it('holds a mutation that never starts: malformed variables, a fragment, too high a cost [TRL-5]', async () => {
    const outcome = async (text: string, variables: object) => {
      const answer = await owner.query(text, variables);
      return [
        answer.status,
        ...(await recordsOf(answer)).map((row) => `${row.action} ${row.outcome} ${row.reason}`).sort(),
      ];
    };
    const create = 'mutation($input: CreateTeamInput!) { createTeam(input: $input) { userErrors { code } } }';
    expect(await outcome(create, { input: { slug: 1 } })).toEqual([400, 'team.create FAILED BAD_USER_INPUT']);
    expect(await outcome(create, {})).toEqual([400, 'team.create FAILED BAD_USER_INPUT']);
    const both = `mutation($input: CreateTeamInput!) { ...All ... on Mutation { signOut { signedOut } } }
      fragment All on Mutation { createTeam(input: $input) { userErrors { code } } again: createTeam(input: $input) { userErrors { code } } }`;
    expect(await outcome(both, {})).toEqual([
      400,
      'session.delete FAILED BAD_USER_INPUT',
      'team.create FAILED BAD_USER_INPUT',
    ]);
    const costly = `mutation { createTeam(input: { slug: "costly", name: "Costly" }) { team { memberships(first: 100) { edges { node { user { teams(first: 100) { edges { node { id } } } } } } } } } }`;
    expect(await outcome(costly, {})).toEqual([400, 'team.create FAILED QUERY_TOO_COMPLEX']);
  });

  it('holds a weak password, which is refused before any transaction [TRL-5]', async () => {
    const answer = await owner.query(
      'mutation { createUser(input: { email: "weak@example.com", displayName: "Weak", password: "short" }) { userErrors { code } } }',
    );
    expect(await recordsOf(answer)).toMatchObject([
      { action: 'user.create', outcome: 'FAILED', reason: 'BAD_USER_INPUT', actor_kind: 'user' },
    ]);
  });

  it('holds each wrong password as anonymous, and what the throttle refused as one record a minute [TRL-5]', async () => {
    const user = await cp.seed.user(cp.organizationId);
    const attempts = await Promise.all(
      Array.from({ length: 12 }, () => new TestBrowser(cp.url).signIn(user.email, 'wrong')),
    );
    const codes = attempts.map(({ errors }) => errors[0]?.extensions.code);
    expect(codes.filter((code) => code === 'UNAUTHENTICATED')).toHaveLength(3);
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(9);
    const single = (await Promise.all(attempts.map(recordsOf))).flat();
    expect(single).toHaveLength(3);
    for (const row of single) {
      expect(row).toMatchObject({
        ...{ action: 'session.create', outcome: 'DENIED', reason: 'UNAUTHENTICATED' },
        ...{ actor_kind: 'anonymous', subject_id: user.id, ip: '127.0.0.1' },
      });
    }
    expect(await strangers()).toMatchObject([
      {
        ...{ action: 'session.create', outcome: 'DENIED', reason: 'RATE_LIMITED' },
        ...{ actor_kind: 'anonymous', ip: '127.0.0.1', details: { count: 9 } },
      },
    ]);
  });

  it('holds what anonymous callers were refused at type level, for every mutation, bounded [TRL-5] [BAD-1]', async () => {
    const mutations = (await senselessOperations('Mutation')).filter(
      ({ name }) => accessTable.Mutation[name]?.needs !== 'anyone',
    );
    for (let round = 0; round < 3; round += 1) {
      for (const { text, variables, name } of mutations) {
        const answer = await graphql(cp.url, text, variables);
        expect({ name, code: answer.errors[0]?.extensions.code }).toEqual({ name, code: 'UNAUTHENTICATED' });
        expect(await recordsOf(answer)).toEqual([]);
      }
    }
    const actions = mutations.map(({ name }) => auditedAs(name)).sort();
    const rows = await strangers(actions.length);
    expect(rows.map(({ action }) => action).sort()).toEqual(actions);
    for (const row of rows) {
      expect(row).toMatchObject({
        ...{ outcome: 'DENIED', reason: 'UNAUTHENTICATED', actor_kind: 'anonymous' },
        ...{ ip: '127.0.0.1', details: { count: 3 } },
      });
    }
  });

  it('holds refused credentials, foreign origins and malformed sign-ins of strangers [TRL-5] [GQL-5]', async () => {
    const body = JSON.stringify({ query: '{ viewer { user { email } } }' });
    await send(cp.url, body, { authorization: 'Bearer gth_a.b.c' });
    await send(cp.url, body, { authorization: 'Bearer nonsense' });
    await send(cp.url, body, { origin: 'https://evil.example' });
    await new TestBrowser(cp.url).signIn('no address');
    const setup = 'mutation($input: CompleteSetupInput!) { completeSetup(input: $input) { userErrors { code } } }';
    await graphql(cp.url, setup, {
      input: { token: 'x', email: 'x@example.com', displayName: 'X', password: 'short' },
    });
    expect((await strangers(4)).map((row) => [row.action, row.outcome, row.reason, row.details.count])).toEqual([
      ['credential.refused', 'DENIED', 'UNAUTHENTICATED', 2],
      ['request.refused', 'DENIED', 'CSRF', 1],
      ['session.create', 'FAILED', 'BAD_USER_INPUT', 1],
      ['setup.complete', 'FAILED', 'BAD_USER_INPUT', 1],
    ]);
  });

  it('loses nothing of strangers when the service stops', async () => {
    const stopping = await startTestControlPlane();
    await graphql(stopping.url, 'mutation { createTeam(input: { slug: "x", name: "x" }) { team { id } } }');
    await stopping.running.stop(1000);
    expect((await stopping.audit()).at(-1)).toMatchObject({ action: 'team.create', actor_kind: 'anonymous' });
    await stopping[Symbol.asyncDispose]();
  });

  it('holds a sign-in whose session cannot be kept as failed, once, and no session lives [TRL-5] [GQL-4]', async () => {
    const user = await cp.seed.user(cp.organizationId);
    const { sessions } = cp.deps;
    const save = sessions.save.bind(sessions);
    sessions.save = () => Promise.reject(new Error('no space left'));
    const browser = new TestBrowser(cp.url);
    const answer = await browser.signIn(user.email, password);
    sessions.save = save;
    expect(answer.errors[0]?.extensions.code).toBe('INTERNAL');
    expect(await recordsOf(answer)).toMatchObject([
      { action: 'session.create', outcome: 'FAILED', reason: 'INTERNAL' },
    ]);
    expect(await cp.deps.systemPool.query('select 1 from sessions where user_id = $1', [user.id])).toEqual([]);
  });

  it('holds no value of an input that was refused', async () => {
    const texts = await cp.deps.systemPool.query<{ text: string }>(
      'select audit_events::text as text from audit_events',
    );
    for (const { text } of texts) expect(text).not.toMatch(/\\u0007|short|nonsense/);
  });
});
