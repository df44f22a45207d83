import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashPassword, sha256Hex } from '#crypto';
import {
  graphql,
  password,
  startTestControlPlane,
  TestBrowser,
  type TestControlPlane,
  type TestUser,
} from './control-plane-harness.js';

const signOut = 'mutation { signOut { signedOut } }';
const whoAmI = '{ viewer { user { email } csrfToken roles { role team { slug } } } }';
const codeOf = (answer: { errors: readonly { extensions: Record<string, unknown> }[] }) =>
  answer.errors[0]?.extensions.code;

describe('sign-in', () => {
  let cp: TestControlPlane;
  let owner: TestUser;

  beforeAll(async () => {
    cp = await startTestControlPlane({ GATEHOUSE_AUTH_SIGN_IN_ATTEMPTS: '3' });
    owner = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-owner' });
  });
  afterAll(() => cp[Symbol.asyncDispose]());

  it('begins a cookie session, which sign-out ends [GQL-4]', async () => {
    const browser = new TestBrowser(cp.url);
    const signedIn = await browser.signIn(owner.email.toUpperCase());
    expect(signedIn.data.signIn).toMatchObject({
      viewer: {
        user: { email: owner.email },
        organization: { slug: 'default' },
        roles: [{ role: 'organization-owner' }],
      },
      userErrors: [],
    });
    const [cookie] = signedIn.headers.getSetCookie();
    expect(cookie).toMatch(/^gatehouse_session=.*; Path=\/; Expires=.*; HttpOnly; SameSite=Lax$/);
    const me = await browser.query(whoAmI);
    expect(me.data.viewer).toMatchObject({ user: { email: owner.email }, csrfToken: browser.csrf });
    const old = browser.cookie;
    expect((await browser.query(signOut)).data.signOut.signedOut).toBe(true);
    browser.cookie = old;
    expect(codeOf(await browser.query(whoAmI))).toBe('UNAUTHENTICATED');
    const actions = (await cp.audit()).map(({ action, outcome }) => `${action} ${outcome}`);
    expect(actions).toEqual(expect.arrayContaining(['session.create ALLOWED', 'session.delete ALLOWED']));
  });

  it('stores the session under a hash of its id only', async () => {
    const browser = new TestBrowser(cp.url);
    await browser.signIn(owner.email);
    const id =
      decodeURIComponent(browser.cookie?.split('=')[1] ?? '')
        .slice(2)
        .split('.')[0] ?? '';
    const rows = await cp.deps.systemPool.query<{ id: string; data: string }>(
      'select id, data from sessions where id = $1',
      [sha256Hex(id)],
    );
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(id);
  });

  it('takes a new session id, so that a planted one is worth nothing [GQL-4]', async () => {
    const browser = new TestBrowser(cp.url);
    await browser.signIn(owner.email);
    const first = browser.cookie;
    await browser.signIn(owner.email);
    expect(browser.cookie).not.toBe(first);
    browser.cookie = first;
    expect(codeOf(await browser.query(whoAmI))).toBe('UNAUTHENTICATED');
  });

  it('answers a wrong password, an unknown user, a disabled one and a foreign organization alike [ADM-3] [BAD-1] [BAD-4]', async () => {
    const disabled = await cp.seed.user(cp.organizationId);
    await cp.seed.write(cp.organizationId, async (tx) => {
      const user = await tx.users.find(disabled.id);
      if (user) user.status = 'DISABLED';
    });
    await cp.seed.organization('other-house');
    const tries: [string, string, string?][] = [
      [owner.email, 'not the password'],
      ['nobody@example.com', password],
      [disabled.email, password],
      [owner.email, password, 'other-house'],
      [owner.email, password, 'no-such-house'],
    ];
    const answers = new Set<string>();
    for (const [email, secret, organization] of tries) {
      const answer = await new TestBrowser(cp.url).signIn(email, secret, organization);
      expect(answer.headers.getSetCookie()).toEqual([]);
      answers.add(
        JSON.stringify([
          answer.status,
          answer.data,
          answer.errors.map(({ message, extensions }) => [message, extensions.code]),
        ]),
      );
    }
    expect([...answers]).toEqual([
      JSON.stringify([200, null, [['The e-mail address or the password is wrong.', 'UNAUTHENTICATED']]]),
    ]);
    const denied = (await cp.audit()).filter(
      ({ action, outcome }) => action === 'session.create' && outcome === 'DENIED',
    );
    expect(denied.map(({ actor_kind, reason }) => `${actor_kind} ${reason}`)).toContain('anonymous UNAUTHENTICATED');
    expect(denied.map(({ subject_id }) => subject_id)).toContain('nobody@example.com');
  });

  it('is throttled after so many failures, also for the right password', async () => {
    const user = await cp.seed.user(cp.organizationId);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(codeOf(await new TestBrowser(cp.url).signIn(user.email, 'wrong'))).toBe('UNAUTHENTICATED');
    }
    const refused = await new TestBrowser(cp.url).signIn(user.email);
    expect(codeOf(refused)).toBe('RATE_LIMITED');
    expect(refused.errors[0]?.extensions.details).toMatchObject({ retryAfterMs: expect.any(Number) as number });
  });

  it('hashes the password again when the parameters have changed [ADM-3]', async () => {
    const user = await cp.seed.user(cp.organizationId);
    const outdated = await hashPassword(password, { memoryBytes: 8 * 1024 ** 2, passes: 2 });
    const stored = (change?: string) =>
      cp.seed.write(cp.organizationId, async (tx) => {
        const row = await tx.users.find(user.id);
        if (row && change) row.passwordHash = change;
        return row?.passwordHash;
      });
    await stored(outdated);
    expect((await new TestBrowser(cp.url).signIn(user.email)).errors).toEqual([]);
    expect(await stored()).toMatch(/^\$argon2id\$v=19\$m=8192,t=1,/);
    expect((await new TestBrowser(cp.url).signIn(user.email)).errors).toEqual([]);
  });

  it('counts a removed role and a disabled user at once', async () => {
    const admin = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-admin' });
    const browser = new TestBrowser(cp.url);
    await browser.signIn(admin.email);
    const create = (slug: string) =>
      browser.query('mutation($input: CreateTeamInput!) { createTeam(input: $input) { team { slug } } }', {
        input: { slug, name: slug },
      });
    expect((await create('before')).data.createTeam.team.slug).toBe('before');
    await cp.seed.write(cp.organizationId, (tx) => tx.roleBindings.removeWhere({ userId: admin.id }));
    expect(codeOf(await create('after'))).toBe('FORBIDDEN');
    const disable =
      'mutation($input: UpdateUserInput!) { updateUser(input: $input) { user { status } userErrors { message } } }';
    const disabled = await owner.query(disable, { input: { id: admin.globalId, status: 'DISABLED' } });
    expect(disabled.data.updateUser.user.status).toBe('DISABLED');
    expect(codeOf(await browser.query(whoAmI))).toBe('UNAUTHENTICATED');
    expect(codeOf(await admin.query(whoAmI))).toBe('UNAUTHENTICATED');
  });

  it('ends a session at its idle and at its absolute deadline', async () => {
    let now = Date.now();
    const late = await startTestControlPlane(
      { GATEHOUSE_AUTH_SESSION_IDLE: '1h', GATEHOUSE_AUTH_SESSION_ABSOLUTE: '3h' },
      { clock: { now: () => now } },
    );
    try {
      const user = await late.seed.user(late.organizationId);
      const browser = new TestBrowser(late.url);
      const minutes = async (count: number) => {
        now += count * 60_000;
        return codeOf(await browser.query(whoAmI)) ?? 'signed in';
      };
      await browser.signIn(user.email);
      expect(await minutes(59)).toBe('signed in');
      expect(await minutes(59)).toBe('signed in');
      expect(await minutes(61)).toBe('UNAUTHENTICATED');
      await browser.signIn(user.email);
      // created_at is the database's clock, which has not moved.
      now = Date.now();
      await browser.signIn(user.email);
      expect([await minutes(50), await minutes(50), await minutes(50)]).toEqual([
        'signed in',
        'signed in',
        'signed in',
      ]);
      expect(await minutes(31)).toBe('UNAUTHENTICATED');
    } finally {
      await late[Symbol.asyncDispose]();
    }
  });

  it('by bearer token: a token that is unknown, malformed, revoked or expired is nobody, whatever the cookie says [BAD-1]', async () => {
    const browser = new TestBrowser(cp.url);
    await browser.signIn(owner.email);
    for (const authorization of [
      'Bearer gth_a.b.c',
      'Bearer nonsense',
      'Basic b3duZXI6eA==',
      'Bearer',
      `Bearer ${owner.token}x`,
    ]) {
      const code = codeOf(await browser.query(whoAmI, {}, { authorization }));
      expect([authorization, code]).toEqual([authorization, 'UNAUTHENTICATED']);
    }
    const token = await cp.seed.user(cp.organizationId);
    expect((await token.query(whoAmI)).data.viewer).toMatchObject({ csrfToken: null, user: { email: token.email } });
    await cp.seed.write(cp.organizationId, async (tx) => {
      for (const row of await tx.apiTokens.list({ userId: token.id })) row.revokedAt = new Date();
    });
    expect(codeOf(await token.query(whoAmI))).toBe('UNAUTHENTICATED');
  });

  it('by bearer token: its uses are counted when the service stops, at the latest', async () => {
    const counting = await startTestControlPlane();
    const user = await counting.seed.user(counting.organizationId);
    await user.query(whoAmI);
    await user.query(whoAmI);
    await counting.running.stop(1000);
    const rows = await counting.deps.systemPool.query<{ calls: string }>('select calls from api_token_usages');
    expect(rows.map(({ calls }) => Number(calls))).toEqual([2]);
    await counting[Symbol.asyncDispose]();
  });

  it('by bearer token: the scope decides at type level [AUZ-4]', async () => {
    const reader = await cp.seed.user(cp.organizationId, {
      organizationRole: 'organization-owner',
      scopes: ['control:read'],
    });
    expect((await reader.query('{ teams { edges { node { slug } } } }')).errors).toEqual([]);
    expect(codeOf(await reader.query('mutation { createTeam(input: { slug: "x", name: "x" }) { team { id } } }'))).toBe(
      'FORBIDDEN',
    );
    const caller = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-owner', scopes: ['mcp'] });
    expect(codeOf(await caller.query('{ teams { edges { node { slug } } } }'))).toBe('FORBIDDEN');
    expect((await caller.query('{ viewer { user { email } } }')).data.viewer.user.email).toBe(caller.email);
  });

  it('says the cookie is Secure exactly when the public URL is https', async () => {
    const secure = await startTestControlPlane({ GATEHOUSE_CONTROL_PLANE_PUBLIC_URL: 'https://gatehouse.example.com' });
    try {
      const user = await secure.seed.user(secure.organizationId);
      const answer = await new TestBrowser(secure.url).signIn(user.email);
      expect(answer.headers.getSetCookie()[0]).toMatch(/; HttpOnly; Secure; SameSite=Lax$/);
      expect(answer.headers.get('strict-transport-security')).toContain('max-age=31536000');
    } finally {
      await secure[Symbol.asyncDispose]();
    }
  });

  it('leaves no secret in answers, audit and log', async () => {
    const browser = new TestBrowser(cp.url);
    await browser.signIn(owner.email);
    const everything = [
      (await browser.query('{ users { edges { node { id email displayName status organizationRoles } } } }')).text,
      JSON.stringify(await cp.audit()),
      cp.log.join('\n'),
    ].join('\n');
    expect(everything).toContain(owner.email);
    for (const secret of [password, '$argon2id$', owner.token, browser.cookie ?? '?', browser.csrf ?? '?'])
      expect(everything).not.toContain(secret);
    const fields = (
      await graphql(
        cp.url,
        '{ users { edges { node { passwordHash } } } }',
        {},
        { authorization: `Bearer ${owner.token}` },
      )
    ).errors;
    expect(fields[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });
});
