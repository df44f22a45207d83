import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestControlPlane, TestBrowser, type TestControlPlane, type TestUser } from './control-plane-harness.js';

const mutation = 'mutation { updateTeam(input: { id: "x" }) { userErrors { code } } }';
const signIn = 'mutation { signIn(input: { email: "a@example.com", password: "x" }) { userErrors { code } } }';
const signOut = 'mutation { signOut { signedOut } }';
const query = '{ viewer { user { email } } }';

describe('CSRF', () => {
  let cp: TestControlPlane;
  let owner: TestUser;
  let browser: TestBrowser;

  beforeAll(async () => {
    cp = await startTestControlPlane();
    owner = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-owner' });
    browser = new TestBrowser(cp.url);
    await browser.signIn(owner.email);
  });
  afterAll(() => cp[Symbol.asyncDispose]());

  /** Sends what a browser of another site, or a program, could send; the code of the answer or `ok`. */
  async function outcome(request: { method?: string; path?: string; headers?: Record<string, string>; body?: string }) {
    const answer = await fetch(`${cp.url}${request.path ?? '/graphql'}`, {
      method: request.method ?? 'POST',
      headers: { 'content-type': 'application/json', ...request.headers },
      body: request.method === 'GET' ? undefined : (request.body ?? JSON.stringify({ query: mutation })),
    });
    const { errors } = (await answer.json()) as { errors?: { extensions: { code: string; reason?: string } }[] };
    const extensions = errors?.[0]?.extensions;
    return `${answer.status} ${extensions ? (extensions.reason ?? extensions.code) : 'ok'}`;
  }

  it('answers by this table [GQL-5]', async () => {
    const cookie = browser.cookie ?? '';
    const csrf = browser.csrf ?? '';
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const get = (text: string) => ({
      method: 'GET',
      path: `/graphql?query=${encodeURIComponent(text)}`,
      headers: { cookie },
    });
    const table: [string, Parameters<typeof outcome>[0], string][] = [
      ['cookie mutation with the header', { headers: { cookie, 'x-gatehouse-csrf': csrf } }, '200 ok'],
      ['cookie mutation without it', { headers: { cookie } }, '200 CSRF'],
      ['cookie mutation with an empty one', { headers: { cookie, 'x-gatehouse-csrf': '' } }, '200 CSRF'],
      ['cookie mutation with another one', { headers: { cookie, 'x-gatehouse-csrf': `${csrf}x` } }, '200 CSRF'],
      [
        'signIn beside a cookie',
        { headers: { cookie }, body: JSON.stringify({ query: signIn }) },
        '200 UNAUTHENTICATED',
      ],
      ['signOut without it', { headers: { cookie }, body: JSON.stringify({ query: signOut }) }, '200 CSRF'],
      ['cookie query without it', { headers: { cookie }, body: JSON.stringify({ query }) }, '200 ok'],
      ['bearer mutation without it', { headers: { authorization: `Bearer ${owner.token}` } }, '200 ok'],
      ['bearer beside a cookie', { headers: { cookie, authorization: `Bearer ${owner.token}` } }, '200 ok'],
      [
        'bad bearer beside a cookie',
        { headers: { cookie, 'x-gatehouse-csrf': csrf, authorization: 'Bearer x' } },
        '200 UNAUTHENTICATED',
      ],
      ['GET mutation', get(mutation), '400 MALFORMED_REQUEST'],
      ['GET query', get(query), '400 MALFORMED_REQUEST'],
      [
        'form',
        { headers: { cookie, ...form }, body: `query=${encodeURIComponent(mutation)}` },
        '400 MALFORMED_REQUEST',
      ],
      ['text/plain', { headers: { cookie, 'content-type': 'text/plain' } }, '400 MALFORMED_REQUEST'],
      [
        'multipart',
        { headers: { cookie, 'content-type': 'multipart/form-data; boundary=x' } },
        '400 MALFORMED_REQUEST',
      ],
      ['own origin', { headers: { cookie, 'x-gatehouse-csrf': csrf, origin: cp.url } }, '200 ok'],
      ['foreign origin', { headers: { cookie, 'x-gatehouse-csrf': csrf, origin: 'https://evil.example' } }, '403 CSRF'],
      ['null origin', { headers: { cookie, 'x-gatehouse-csrf': csrf, origin: 'null' } }, '403 CSRF'],
      [
        'origin of the Host header',
        { headers: { cookie, 'x-gatehouse-csrf': csrf, host: 'evil.example', origin: 'http://evil.example' } },
        '403 CSRF',
      ],
    ];
    const outcomes: [string, string][] = [];
    for (const [name, request] of table) outcomes.push([name, await outcome(request)]);
    expect(outcomes).toEqual(table.map(([name, , expected]) => [name, expected]));
  });

  it('records a refused mutation of a signed-in caller [TRL-5]', async () => {
    await outcome({ headers: { cookie: browser.cookie ?? '' } });
    expect((await cp.audit()).at(-1)).toMatchObject({
      action: 'team.update',
      outcome: 'DENIED',
      reason: 'CSRF',
      actor_kind: 'user',
    });
  });
});
