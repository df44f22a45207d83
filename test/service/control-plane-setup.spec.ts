import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureFirstAdmin, type FirstAdmin } from '../../apps/control-plane/src/bootstrap.js';
import { hashToken } from '#crypto';
import { password, startTestControlPlane, TestBrowser, type TestControlPlane } from './control-plane-harness.js';

const completeSetup = `mutation($input: CompleteSetupInput!) { completeSetup(input: $input) {
  viewer { csrfToken user { email displayName } organization { slug } roles { role } } userErrors { field code message } } }`;

const tokenOf = (admin: FirstAdmin) => (admin.state === 'link' ? new URL(admin.url).hash.slice(1) : '');
const person = (token: string) => ({ token, email: 'First@Example.com', displayName: 'First', password });

describe('the first administrator', () => {
  let cp: TestControlPlane;
  let now: number;

  beforeEach(async () => {
    now = Date.now();
    cp = await startTestControlPlane({ GATEHOUSE_ADMIN_SETUP_LINK_TTL: '10m' }, { clock: { now: () => now } });
  });
  afterEach(() => cp[Symbol.asyncDispose]());

  const ensure = () => ensureFirstAdmin(cp.deps, cp.url);
  const complete = async (token: string, browser = new TestBrowser(cp.url)) => {
    const answer = await browser.query(completeSetup, { input: person(token) });
    browser.csrf = answer.data?.completeSetup?.viewer?.csrfToken ?? null;
    return answer.data.completeSetup as { viewer: unknown; userErrors: { field: string; message: string }[] };
  };

  it('comes by a one-time link, is signed in, and owns the organization [ADM-1]', async () => {
    const admin = await ensure();
    expect(admin).toMatchObject({ state: 'link', url: expect.stringContaining(`${cp.url}/auth/setup#`) as string });
    const browser = new TestBrowser(cp.url);
    const { viewer, userErrors } = await complete(tokenOf(admin), browser);
    expect(userErrors).toEqual([]);
    expect(viewer).toMatchObject({
      user: { email: 'first@example.com', displayName: 'First' },
      organization: { slug: 'default' },
      roles: [{ role: 'organization-owner' }],
    });
    const team = await browser.query(
      'mutation { createTeam(input: { slug: "first", name: "First" }) { team { slug } } }',
    );
    expect(team.data.createTeam.team.slug).toBe('first');
    expect(await ensure()).toEqual({ state: 'exists' });
  });

  it('by a link that works once, also when it is used twice at the same time [ADM-1]', async () => {
    const token = tokenOf(await ensure());
    const results = await Promise.all([complete(token), complete(token), complete(token)]);
    expect(results.filter(({ viewer }) => viewer !== null)).toHaveLength(1);
    const refused = await complete(token);
    expect(refused).toEqual({
      viewer: null,
      userErrors: [expect.objectContaining({ field: 'token', code: 'BAD_USER_INPUT' })],
    });
    const owners = await cp.deps.systemPool.query("select 1 from role_bindings where role = 'organization-owner'");
    expect(owners).toHaveLength(1);
  });

  it('by a link that expires [ADM-1] [BAD-2]', async () => {
    const token = tokenOf(await ensure());
    now += 10 * 60_000;
    expect((await complete(token)).userErrors[0]?.message).toMatch(/not valid: it was used, has expired/);
  });

  it('by the newest link only', async () => {
    const [first, second] = [tokenOf(await ensure()), tokenOf(await ensure())];
    expect((await complete(first)).viewer).toBeNull();
    expect((await complete(second)).viewer).not.toBeNull();
  });

  it('not by guessing on and on', async () => {
    const codes: unknown[] = [];
    for (let attempt = 0; attempt < 11; attempt += 1) {
      const answer = await new TestBrowser(cp.url).query(completeSetup, { input: person('guess') });
      codes.push(answer.errors[0]?.extensions.code ?? answer.data.completeSetup.userErrors[0].code);
    }
    expect([codes[0], codes[9], codes[10]]).toEqual(['BAD_USER_INPUT', 'BAD_USER_INPUT', 'RATE_LIMITED']);
  });

  it('not by a guess, and a weak password does not use the link up', async () => {
    const token = tokenOf(await ensure());
    expect((await complete('guess')).viewer).toBeNull();
    const weak = await new TestBrowser(cp.url).query(completeSetup, { input: { ...person(token), password: 'short' } });
    expect(weak.data.completeSetup.userErrors).toEqual([
      { field: 'password', code: 'BAD_USER_INPUT', message: 'password must have at least 12 characters.' },
    ]);
    expect((await complete(token)).viewer).not.toBeNull();
  });

  it('keeps the link as a hash, and neither link nor password in audit or log', async () => {
    const token = tokenOf(await ensure());
    const rows = await cp.deps.systemPool.query<{ token_hash: string }>('select * from setup_links');
    expect(rows.map(({ token_hash }) => token_hash)).toEqual([hashToken(token)]);
    await complete(token);
    const everything = JSON.stringify([await cp.audit(), cp.log, rows]);
    expect(everything).toContain('setup.complete');
    for (const secret of [token, password]) expect(everything).not.toContain(secret);
  });

  it('is made once when two servers start at once', async () => {
    const links = await Promise.all([ensure(), ensure()]);
    expect(links.map(({ state }) => state)).toEqual(['link', 'link']);
    const live = await cp.deps.systemPool.query('select 1 from setup_links where used_at is null and expires_at > $1', [
      new Date(now),
    ]);
    expect(live).toHaveLength(1);
  });

  it('is made of the settings, once, in an organization that may not exist yet [ADM-2]', async () => {
    const config = {
      ...cp.deps.config,
      admin: { ...cp.deps.config.admin, organization: 'new-house', email: 'boss@example.com', password },
    };
    const states = await Promise.all([1, 2].map(() => ensureFirstAdmin({ ...cp.deps, config }, cp.url)));
    expect(states.map(({ state }) => state).sort()).toEqual(['created', 'exists']);
    const signedIn = await new TestBrowser(cp.url).signIn('boss@example.com', password, 'new-house');
    expect(signedIn.data.signIn.viewer).toMatchObject({
      organization: { slug: 'new-house' },
      roles: [{ role: 'organization-owner' }],
    });
  });

  it('finds a page behind the link that loads nothing from elsewhere and runs only its own script', async () => {
    const answer = await fetch(`${cp.url}/auth/setup`);
    const page = await answer.text();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'sha256-[A-Za-z0-9+/]{43}='; style-src 'sha256-[A-Za-z0-9+/]{43}='; connect-src 'self'/,
    );
    expect(policy).not.toContain('unsafe');
    expect(page).not.toMatch(/\s(src|href|on[a-z]+)=|url\(|@import/);
    for (const name of ['email', 'displayName', 'password', 'repeated']) {
      expect(page).toContain(`<label for="${name}">`);
      expect(page).toContain(`<input id="${name}" name="${name}"`);
    }
    expect(page).toContain('name="viewport"');
  });
});
