import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

const whoAmI = '{ viewer { user { email } } }';
const createTeam = (slug: string) =>
  `mutation { createTeam(input: { slug: "${slug}", name: "x" }) { team { slug } userErrors { code } } }`;
const signInText = (email: string) =>
  `signIn(input: { email: "${email}", password: "${password}" }) { viewer { user { email } } userErrors { code } }`;
const codeOf = ({ errors }: Pick<GraphqlAnswer, 'errors'>) =>
  errors[0] ? String(errors[0].extensions.reason ?? errors[0].extensions.code) : 'ok';

/** The outcomes of the operations of a batch, in order. */
const batchCodes = ({ text }: GraphqlAnswer) =>
  (JSON.parse(text) as Partial<GraphqlAnswer>[]).map(({ errors = [] }) => codeOf({ errors }));

describe('an attacker', () => {
  let cp: TestControlPlane;
  let owner: TestUser;

  beforeAll(async () => {
    cp = await startTestControlPlane();
    owner = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-owner' });
  });
  afterAll(() => cp[Symbol.asyncDispose]());

  const bearer = {
    get authorization() {
      return `Bearer ${owner.token}`;
    },
  };

  it('who plants a session id gains nothing: sign-in takes a new one, signed or not [GQL-4]', async () => {
    const attacker = new TestBrowser(cp.url);
    await attacker.signIn((await cp.seed.user(cp.organizationId)).email);
    for (const planted of [attacker.cookie, 'gatehouse_session=s%3Aplanted.signature', 'gatehouse_session=planted']) {
      const victim = new TestBrowser(cp.url);
      victim.cookie = planted;
      await victim.signIn(owner.email);
      expect(victim.cookie).not.toBe(planted);
      expect((await victim.query(whoAmI)).data.viewer.user.email).toBe(owner.email);
      const answer = await graphql(cp.url, whoAmI, {}, { cookie: planted ?? '' });
      expect(codeOf(answer)).toBe('UNAUTHENTICATED');
    }
  });

  it('cannot hide a mutation in a batch or behind a sign-in [GQL-5]', async () => {
    const browser = new TestBrowser(cp.url);
    await browser.signIn(owner.email);
    const cookie = { cookie: browser.cookie ?? '' };
    const mixed = [{ query: whoAmI }, { query: createTeam('hidden-1') }, { query: whoAmI }];
    expect(batchCodes(await send(cp.url, JSON.stringify(mixed), cookie))).toEqual(['ok', 'CSRF', 'ok']);
    const behind = [
      { query: `mutation { ${signInText(owner.email)} }` },
      { query: createTeam('hidden-2') },
      { query: whoAmI },
    ];
    expect(batchCodes(await send(cp.url, JSON.stringify(behind)))).toEqual([
      'ok',
      'UNAUTHENTICATED',
      'UNAUTHENTICATED',
    ]);
    const same = `mutation { ${signInText(owner.email)} ${createTeam('hidden-3').slice('mutation { '.length)}`;
    expect(codeOf(await graphql(cp.url, same))).toBe('CSRF');
    const { data } = await owner.query('{ teams { edges { node { slug } } } }');
    expect(JSON.stringify(data)).not.toContain('hidden');
  });

  it('with the CSRF token of another session is refused [GQL-5]', async () => {
    const [one, other] = [new TestBrowser(cp.url), new TestBrowser(cp.url)];
    await one.signIn(owner.email);
    await other.signIn(owner.email);
    expect(one.csrf).not.toBe(other.csrf);
    expect(codeOf(await one.query(createTeam('foreign'), {}, { 'x-gatehouse-csrf': other.csrf ?? '' }))).toBe('CSRF');
  });

  it('who was disabled is out at once, and an old session does not come back with the account', async () => {
    const user = await cp.seed.user(cp.organizationId);
    const browser = new TestBrowser(cp.url);
    await browser.signIn(user.email);
    const set = (status: string) =>
      owner.query(
        'mutation($input: UpdateUserInput!) { updateUser(input: $input) { user { status } userErrors { code } } }',
        {
          input: { id: user.globalId, status },
        },
      );
    await set('DISABLED');
    expect(codeOf(await browser.query(whoAmI))).toBe('UNAUTHENTICATED');
    expect(codeOf(await user.query(whoAmI))).toBe('UNAUTHENTICATED');
    await set('ACTIVE');
    expect(codeOf(await browser.query(whoAmI))).toBe('UNAUTHENTICATED');
  });

  it('with documents that overflow the parser gets a limit, not the words of a fault [GQL-12]', async () => {
    const deep: [string, string][] = [
      ['lists', `{ teams(after: ${'['.repeat(2400)}1${']'.repeat(2400)}) { edges { cursor } } }`],
      ['objects', `mutation { createTeam(input: ${'{a:'.repeat(1200)}1${'}'.repeat(1200)}) { team { id } } }`],
      ['selections', `{${'a{'.repeat(1600)}a${'}'.repeat(1600)}}`],
      ['inline fragments', `{ viewer {${'... {'.repeat(1600)} __typename ${'}'.repeat(1600)} } }`],
      ['types', `query($a: ${'['.repeat(2000)}Int${']'.repeat(2000)}) { viewer { __typename } }`],
    ];
    for (const [name, query] of deep) {
      const answer = await send(cp.url, JSON.stringify({ query }), bearer);
      expect([name, answer.status, codeOf(answer)]).toEqual([name, 400, 'QUERY_TOO_COMPLEX']);
      expect(answer.text).not.toContain('stack');
    }
  });

  it('cannot keep the validation busy with fragments that overlap [GQL-12]', async () => {
    const query = `{ ${Array.from({ length: 300 }, (_, at) => `...F${at}`).join(' ')} } ${Array.from({ length: 300 }, (_, at) => `fragment F${at} on Query { viewer { user { id } } }`).join(' ')}`;
    expect(codeOf(await send(cp.url, JSON.stringify({ query })))).toBe('QUERY_TOO_COMPLEX');
  });
});

describe('a guesser of passwords', () => {
  const tries = async (cp: TestControlPlane, count: number, headers: (at: number) => Record<string, string>) => {
    const codes: string[] = [];
    const user = await cp.seed.user(cp.organizationId);
    for (let at = 0; at < count; at += 1) {
      codes.push(
        codeOf(
          await graphql(cp.url, `mutation { ${signInText(user.email).replace(password, 'wrong')} }`, {}, headers(at)),
        ),
      );
    }
    return codes;
  };

  it('is not forgotten for another X-Forwarded-For, unless a trusted proxy says so [ADM-3]', async () => {
    await using direct = await startTestControlPlane({ GATEHOUSE_AUTH_SIGN_IN_ATTEMPTS: '3' });
    const forged = (at: number) => ({ 'x-forwarded-for': `198.51.100.${at}`, forwarded: `for=198.51.100.${at}` });
    expect(await tries(direct, 4, forged)).toEqual([...Array<string>(3).fill('UNAUTHENTICATED'), 'RATE_LIMITED']);
    await using behind = await startTestControlPlane({
      ...{ GATEHOUSE_AUTH_SIGN_IN_ATTEMPTS: '3', GATEHOUSE_CONTROL_PLANE_TRUST_PROXY: '127.0.0.1' },
    });
    expect(await tries(behind, 4, forged)).toEqual(Array<string>(4).fill('UNAUTHENTICATED'));
    // What stands before the address that the proxy added is the client's own words.
    const appended = (at: number) => ({ 'x-forwarded-for': `203.0.113.${at}, 198.51.100.99` });
    expect((await tries(behind, 4, appended)).at(-1)).toBe('RATE_LIMITED');
  });

  it('gets no further by trying name after name, in one document or many [ADM-3]', async () => {
    await using cp = await startTestControlPlane({ GATEHOUSE_AUTH_SIGN_IN_NETWORK_ATTEMPTS: '5' });
    const user = await cp.seed.user(cp.organizationId);
    for (let at = 0; at < 10; at += 1) expect((await new TestBrowser(cp.url).signIn(user.email)).errors).toEqual([]);
    const guess = (at: number) =>
      `g${at}: signIn(input: { email: "name${at}@example.com", password: "wrong" }) { userErrors { code } }`;
    const codes: string[] = [];
    for (let at = 0; at < 6; at += 1) codes.push(codeOf(await graphql(cp.url, `mutation { ${guess(at)} }`)));
    expect(codes).toEqual([...Array<string>(5).fill('UNAUTHENTICATED'), 'RATE_LIMITED']);
    const batch = Array.from({ length: 10 }, (_, at) => ({ query: `mutation { ${guess(at)} }` }));
    expect(new Set(batchCodes(await send(cp.url, JSON.stringify(batch))))).toEqual(new Set(['RATE_LIMITED']));
  });

  it('learns nothing from the time it takes: unknown user, disabled user and wrong password [ADM-3]', async () => {
    await using cp = await startTestControlPlane({
      ...{ GATEHOUSE_AUTH_SIGN_IN_ATTEMPTS: '1000', GATEHOUSE_AUTH_SIGN_IN_NETWORK_ATTEMPTS: '1000' },
      // As in production: against a cheap hash every query would show.
      ...{ GATEHOUSE_AUTH_ARGON2_MEMORY: '19MiB', GATEHOUSE_AUTH_ARGON2_PASSES: '2' },
    });
    const [user, disabled] = [await cp.seed.user(cp.organizationId), await cp.seed.user(cp.organizationId)];
    await cp.seed.write(cp.organizationId, async (tx) => {
      const row = await tx.users.find(disabled.id);
      if (row) row.status = 'DISABLED';
    });
    const emails = { known: user.email, disabled: disabled.email, unknown: 'nobody@example.com' };
    const times: Record<keyof typeof emails, number[]> = { known: [], disabled: [], unknown: [] };
    for (let round = -2; round < 24; round += 1) {
      const kinds = Object.keys(emails) as (keyof typeof emails)[];
      // Each goes first, second and third equally often.
      for (const kind of kinds.map((_, at) => kinds[(at + round + 3) % 3] ?? 'known')) {
        const email = emails[kind];
        const startedAt = performance.now();
        expect(codeOf(await new TestBrowser(cp.url).signIn(email, 'wrong'))).toBe('UNAUTHENTICATED');
        if (round >= 0) times[kind].push(performance.now() - startedAt);
      }
    }
    const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
    const medians = Object.values(times).map(median);
    const ratio = Math.max(...medians) / Math.min(...medians);
    console.log(
      `sign-in refused after ${medians.map((ms) => ms.toFixed(1)).join(' / ')} ms (wrong password / disabled / unknown): ratio ${ratio.toFixed(2)}`,
    );
    expect(ratio).toBeLessThan(1.5);
  });
});
