import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { send, startTestControlPlane, TestBrowser, type TestControlPlane, type TestUser } from './control-plane-harness.js';

describe('probe', () => {
  let cp: TestControlPlane; let owner: TestUser;
  beforeAll(async () => { cp = await startTestControlPlane(); owner = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-owner' }); });
  afterAll(() => cp[Symbol.asyncDispose]());
  it('deep', async () => {
    const post = async (n: string, q: string) => { const t = performance.now(); const a = await send(cp.url, JSON.stringify({ query: q }), { authorization: `Bearer ${owner.token}` }); console.log(n, a.status, a.text.slice(0, 250), Math.round(performance.now()-t)); };
    await post('sel 1600', '{' + 'a{'.repeat(1600) + 'a' + '}'.repeat(1601));
    await post('sel valid 1000', '{ teams { edges { node {' + 'memberships { edges { node { team {'.repeat(300) + 'id' + '}}}}'.repeat(300) + '}}}}');
    await post('list lit', `{ teams(after: ${'['.repeat(2400)}1${']'.repeat(2400)}) { edges { cursor } } }`);
    await post('obj lit', `mutation { createTeam(input: ${'{a:'.repeat(1200)}1${'}'.repeat(1200)}) { team { id } } }`);
    await post('inline frags', `{ viewer {${'... {'.repeat(1600)} __typename ${'}'.repeat(1600)} } }`);
    await post('many frags', `{ viewer { ${Array.from({ length: 700 }, (_, i) => `...F${i}`).join(' ')} } } ${Array.from({ length: 700 }, (_, i) => `fragment F${i} on Viewer { __typename }`).join(' ')}`);
    await post('overlap', `{ ${Array.from({ length: 300 }, (_, i) => `...F${i}`).join(' ')} } ${Array.from({ length: 300 }, (_, i) => `fragment F${i} on Query { viewer { user { id } } }`).join(' ')}`);
    await post('type lit', `query($a: ${'['.repeat(2000)}Int${']'.repeat(2000)}) { viewer { __typename } }`);
    await post('directives', `{ viewer ${'@include(if: true) '.repeat(700)} { __typename } }`);
  });
  it('gzip', async () => {
    const body = gzipSync(Buffer.from(JSON.stringify({ query: '{ viewer { __typename } }' }).slice(0, -1) + ' '.repeat(50_000_000) + '}'));
    const a = await fetch(`${cp.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', authorization: `Bearer ${owner.token}` }, body });
    console.log('gzip', body.length, a.status, (await a.text()).slice(0, 200));
    for (const h of [{ 'content-type': 'application/json; charset=utf-16' }, { 'content-type': 'application/json', 'content-encoding': 'zstd' }, { 'content-type': 'application/json; charset=x-nope' }]) {
      const b = await fetch(`${cp.url}/graphql`, { method: 'POST', headers: { ...h, authorization: `Bearer ${owner.token}` }, body: '{"query":"{ viewer { __typename } }"}' });
      console.log(JSON.stringify(h), b.status, (await b.text()).slice(0, 200));
    }
    for (const p of ['/graphql/', '/GRAPHQL', '/graphql/x', '//graphql', '/graphql%2f', '/graphql?query={viewer{__typename}}']) {
      const b = await fetch(`${cp.url}${p}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{ viewer { __typename } }"}' });
      console.log(p, b.status, (await b.text()).slice(0, 200));
      const g = await fetch(`${cp.url}${p}`);
      console.log('GET', p, g.status, (await g.text()).slice(0, 200));
    }
  });
  it('batch', async () => {
    const browser = new TestBrowser(cp.url);
    await browser.signIn(owner.email);
    const mk = (slug: string) => ({ query: `mutation { createTeam(input: { slug: "${slug}", name: "x" }) { team { slug } userErrors { code } } }` });
    const a = await send(cp.url, JSON.stringify([mk('b1'), { query: '{ viewer { user { email } } }' }]), { cookie: browser.cookie ?? '' });
    console.log('mixed', a.status, a.text);
    const si = { query: `mutation { signIn(input: { email: "${owner.email}", password: "correct horse battery" }) { viewer { user { email } } userErrors { code } } }` };
    const b = await send(cp.url, JSON.stringify([si, mk('b2'), { query: '{ viewer { user { email } } }' }]));
    console.log('signin batch', b.status, b.text, b.headers.getSetCookie().length);
    const c = await send(cp.url, JSON.stringify({ query: `mutation { signIn(input: { email: "${owner.email}", password: "correct horse battery" }) { viewer { user { email } } userErrors { code } } createTeam(input: { slug: "b3", name: "x" }) { team { slug } } signOut { signedOut } }` }));
    console.log('doc', c.status, c.text, c.headers.getSetCookie());
    const d = await send(cp.url, JSON.stringify([si, si, si]));
    console.log('triple', d.status, d.text, d.headers.getSetCookie());
    console.log(cp.log.filter((l) => !l.includes('"info"')).slice(0, 20).join('\n').slice(0, 3000));
  });
});
