import { SignJWT, UnsecuredJWT, decodeJwt, generateKeyPair, type JWTPayload } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { issueApiToken } from '#authn';
import { createKeyring, hashToken, tokenSigningKey, type SigningKey } from '#crypto';
import { newId } from '#kernel';
import {
  addUpstream,
  addUser,
  addVirtualServer,
  callMcp,
  ControlPlaneClient,
  postMcp,
  startFixtureServer,
  until,
  type FixtureServer,
} from '#testing';
import { exactRequest, startMcpWorld, toolNames, untilServed, type McpWorld } from './mcp-world.js';

let world: McpWorld;
let upstream: FixtureServer;
const ids = { alpha: '', beta: '', upstream: '' };

const newToken = (by: ControlPlaneClient, name: string, more: object = {}) =>
  by.mutate<{ secret: string; apiToken: { id: string } }>(
    'createApiToken',
    'CreateApiTokenInput',
    { name, ...more },
    'secret apiToken { id }',
  );

beforeAll(async () => {
  [world, upstream] = await Promise.all([startMcpWorld(), startFixtureServer({ era: 'legacy' })]);
  const { admin, token } = world;
  ids.upstream = await addUpstream(admin, 'fixture', upstream.url, { authSecret: 'Bearer upstream-secret' });
  ids.alpha = await addVirtualServer(admin, 'alpha', ids.upstream, ['echo', 'add']);
  ids.beta = await addVirtualServer(admin, 'beta', ids.upstream, ['echo', 'big']);
  await untilServed(world.at('/servers/beta/mcp'), token);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await upstream?.close();
});
beforeEach(() => void (upstream.requests.length = 0));

const call = (id: number | string = 1) =>
  JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'echo', arguments: { text: 'x' } } });

describe('[GW-13] [BAD-1] credentials that are none', () => {
  let signing: SigningKey;
  let claims: JWTPayload;
  const jwt = () => world.token.slice('gth_'.length);
  const part = (index: number) => jwt().split('.')[index] ?? '';
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = (more: object = {}) => ({ alg: 'EdDSA', typ: 'JWT', kid: signing.kid, ...more });
  /** Signed by the installation's own key: only the look-up tells that it was never issued. */
  const signed = async (
    change: JWTPayload,
    by: Parameters<SignJWT['sign']>[0] = signing.privateKey,
    more: object = {},
  ) => `gth_${await new SignJWT({ ...claims, ...change }).setProtectedHeader(header(more)).sign(by)}`;
  const publicPem = () => Buffer.from(signing.publicKey.export({ format: 'pem', type: 'spki' }).toString());

  beforeAll(() => {
    signing = tokenSigningKey(createKeyring(Buffer.from(world.masterKey, 'base64')));
    claims = decodeJwt(jwt());
  });

  const forged: [string, () => string | Promise<string>][] = [
    [
      'a changed claim under the old signature',
      () => `gth_${part(0)}.${encode({ ...claims, scope: 'mcp', exp: 4e9 })}.${part(2)}`,
    ],
    [
      'a changed signature',
      () => `gth_${part(0)}.${part(1)}.${part(2).startsWith('A') ? 'B' : 'A'}${part(2).slice(1)}`,
    ],
    ['a changed last character', () => world.token.slice(0, -1) + (world.token.endsWith('A') ? 'Q' : 'A')],
    ['the signature of an empty text', () => `gth_${part(0)}.${part(1)}.`],
    ['alg none', () => `gth_${new UnsecuredJWT(claims).encode()}`],
    ['alg none with the genuine signature', () => `gth_${encode(header({ alg: 'none' }))}.${part(1)}.${part(2)}`],
    [
      'HS256 by the public key',
      async () =>
        `gth_${await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: signing.kid }).sign(publicPem())}`,
    ],
    ['another key under the same id', async () => signed({}, (await generateKeyPair('EdDSA')).privateKey)],
    [
      'another key that it brings along',
      async () =>
        signed({}, (await generateKeyPair('EdDSA')).privateKey, { jwk: { kty: 'OKP', crv: 'Ed25519', x: 'AAAA' } }),
    ],
    ['the own key, but never issued', () => signed({ jti: newId() })],
    ['the own key, re-signed with a longer life', () => signed({ exp: 4e9 })],
    ['the own key, for another user', () => signed({ sub: newId() })],
    ['the own key, for another organization', () => signed({ org: newId() })],
    ['the own key, for another audience', () => signed({ aud: 'https://another.example' })],
    ['the own key, from another issuer', () => signed({ iss: 'https://another.example' })],
    [
      'another installation',
      () =>
        issueApiToken(
          {
            issuer: String(claims.iss),
            audience: String(claims.aud),
            userId: String(claims.sub),
            organizationId: String(claims['org']),
            tokenId: String(claims.jti),
            scopes: ['mcp'],
            issuedAt: new Date(),
            expiresAt: new Date(4e12),
          },
          tokenSigningKey(createKeyring(Buffer.alloc(32, 7))),
        ),
    ],
    ['its hash, as the database keeps it', () => hashToken(world.token)],
    ['the token without its prefix', () => jwt()],
    ['the prefix in capitals', () => `GTH_${jwt()}`],
    ['a part of it', () => world.token.slice(0, 100)],
    ['twice the token', () => `${world.token},${world.token}`],
    ['an id of a token', () => String(claims.jti)],
    ['a very long text', () => `gth_${'A'.repeat(5000)}`],
  ];

  it.each(forged)('%s', async (_name, forge) => {
    const token = await forge();
    for (const at of ['/mcp', '/servers/alpha/mcp', '/upstreams/fixture/mcp']) {
      const answer = await postMcp(world.at(at), token, call());
      expect([answer.status, answer.body?.error?.code]).toEqual([401, -31000]);
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
      expect(answer.text).not.toContain(token.slice(0, 40));
    }
    const graphql = await new ControlPlaneClient(world.gatehouse.controlPlane)
      .withToken(token)
      .send('{ upstreams(first: 1) { edges { node { id } } } }');
    expect([graphql.data, graphql.errors[0]?.extensions.code]).toEqual([null, 'UNAUTHENTICATED']);
    expect(upstream.requests).toEqual([]);
  });

  it('a genuine token in another place than its header', async () => {
    const elsewhere: [string, Record<string, string>][] = [
      [`/mcp?access_token=${world.token}`, {}],
      ['/mcp', { cookie: `token=${world.token}` }],
      ['/mcp', { 'x-api-key': world.token }],
      ['/mcp', { authorization: `Basic ${Buffer.from(`admin:${world.token}`).toString('base64')}` }],
      ['/mcp', { authorization: world.token }],
      ['/mcp', { 'proxy-authorization': `Bearer ${world.token}` }],
    ];
    for (const [at, headers] of elsewhere)
      expect((await postMcp(world.at(at), null, call(), headers)).status).toBe(401);
    const twice = await exactRequest(world.gatehouse.gateway, {
      path: '/mcp',
      headers: { 'content-type': 'application/json', authorization: [`Bearer ${world.token}`, 'Bearer x'] },
      body: call(),
    });
    expect(twice.status).toBe(401);
    expect(upstream.requests).toEqual([]);
  });

  it('an expired and a revoked token, and one of a user who was disabled', async () => {
    const { admin, gatehouse } = world;
    const answers = (token: string) => postMcp(world.at('/servers/alpha/mcp'), token, call());
    const expiring = await newToken(admin, 'short', { expiresAt: new Date(Date.now() + 3000).toISOString() });
    const revoked = await newToken(admin, 'revoked');
    const disabled = await addUser(admin, gatehouse.controlPlane, 'dora');
    for (const { secret } of [expiring, revoked, { secret: disabled.token }])
      await until('it works', async () => (await answers(secret)).status === 200);
    await admin.mutate('revokeApiToken', 'RevokeApiTokenInput', { id: revoked.apiToken.id }, 'apiToken { id }');
    await admin.mutate('updateUser', 'UpdateUserInput', { id: disabled.userId, status: 'DISABLED' }, 'user { id }');
    for (const secret of [expiring.secret, revoked.secret, disabled.token]) {
      await until('it is refused', async () => (await answers(secret)).status === 401);
      upstream.requests.length = 0;
      expect((await answers(secret)).headers.get('www-authenticate')).toContain('error="invalid_token"');
      expect(upstream.requests).toEqual([]);
    }
  });
});

describe('[AUZ-4] a token never exceeds', () => {
  let bound: string;
  beforeAll(async () => {
    ({ secret: bound } = await newToken(world.admin, 'bound', { virtualServerId: ids.alpha }));
    await untilServed(world.at('/servers/alpha/mcp'), bound);
  });

  const uuidOf = (globalId: string) => Buffer.from(globalId, 'base64').toString().split(':').at(-1) ?? '';
  const outcome = async (at: string, token: string) => {
    const { status, body } = await postMcp(world.at(at), token, call(7));
    return { status, error: body?.error ?? null };
  };

  it('its virtual server: the others are missing to it', async () => {
    expect((await outcome('/servers/alpha/mcp', bound)).status).toBe(200);
    const missing = await outcome('/servers/no-such-server/mcp', bound);
    expect(missing.status).toBe(404);
    upstream.requests.length = 0;
    for (const at of [
      '/servers/beta/mcp',
      `/servers/${uuidOf(ids.beta)}/mcp`,
      '/upstreams/fixture/mcp',
      `/servers/${uuidOf(ids.upstream)}/mcp`,
    ])
      expect(await outcome(at, bound)).toEqual(missing);
    expect(upstream.requests).toEqual([]);
    expect((await outcome(`/servers/${uuidOf(ids.alpha)}/mcp`, bound)).status).toBe(200);
  });

  it('its virtual server: /mcp holds nothing else', async () => {
    const names = toolNames(await callMcp(world.at('/mcp'), bound, 'tools/list'));
    expect(names.toSorted()).toEqual(['fixture__add', 'fixture__echo']);
    upstream.requests.length = 0;
    for (const [method, params] of [
      ['tools/call', { name: 'fixture__big', arguments: { kb: 1 } }],
      ['resources/read', { uri: 'gatehouse:fixture:fixture://text' }],
      ['prompts/get', { name: 'fixture__simple' }],
    ] as const)
      expect((await callMcp(world.at('/mcp'), bound, method, params)).body?.error?.code).toBe(-32602);
    expect(upstream.requests).toEqual([]);
    expect(
      (await callMcp(world.at('/mcp'), bound, 'tools/call', { name: 'fixture__echo', arguments: { text: 'x' } })).body
        ?.result,
    ).toBeDefined();
  });

  it('its virtual server: GraphQL shows it who it is and changes nothing for it', async () => {
    const client = world.admin.withToken(bound);
    const viewer = await client.send('{ viewer { user { email } } }');
    expect(viewer).toMatchObject({ errors: [], data: { viewer: { user: { email: 'admin@example.com' } } } });
    const mutations: [string, string, object][] = [
      ['createTeam', 'CreateTeamInput', { slug: 'stolen', name: 'stolen' }],
      ['createApiToken', 'CreateApiTokenInput', { name: 'wider' }],
      ['deleteVirtualServer', 'DeleteVirtualServerInput', { id: ids.alpha }],
      ['checkUpstream', 'CheckUpstreamInput', { id: ids.upstream }],
    ];
    for (const [name, type, input] of mutations) {
      const answer = await client.send(
        `mutation ($input: ${type}!) { ${name}(input: $input) { userErrors { code } } }`,
        { input },
      );
      expect([name, answer.errors[0]?.extensions.code]).toEqual([name, 'FORBIDDEN']);
    }
    expect(upstream.requests).toEqual([]);
  });

  it.each<[readonly string[], { mcp: number; read: boolean; write: boolean }]>([
    [['MCP'], { mcp: 200, read: false, write: false }],
    [['CONTROL_READ'], { mcp: 403, read: true, write: false }],
    [['CONTROL_READ', 'CONTROL_WRITE'], { mcp: 403, read: true, write: true }],
    [['CONTROL_READ', 'MCP'], { mcp: 200, read: true, write: false }],
  ])('its scopes: %s', async (scopes, may) => {
    const slug = `team-${scopes.join('-').toLowerCase().replaceAll('_', '-')}`.slice(0, 32);
    const { secret } = await newToken(world.admin, slug, { scopes });
    await until('it is known', async () => (await outcome('/servers/alpha/mcp', secret)).status !== 401);
    const answer = await postMcp(world.at('/servers/alpha/mcp'), secret, call());
    expect(answer.status).toBe(may.mcp);
    if (may.mcp === 403)
      expect(answer.headers.get('www-authenticate')).toMatch(/scope="mcp", error="insufficient_scope"$/);
    const client = world.admin.withToken(secret);
    const read = await client.send('{ upstreams(first: 5) { edges { node { slug } } } }');
    const seen = (read.data as unknown as { upstreams: { edges: unknown[] } } | null)?.upstreams.edges.length ?? 0;
    expect(seen > 0).toBe(may.read);
    const wrote = await client.send(
      'mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } userErrors { code } } }',
      { input: { slug, name: slug } },
    );
    expect((wrote.data as unknown as { createTeam: { team: unknown } | null } | null)?.createTeam?.team != null).toBe(
      may.write,
    );
  });

  it('its owner: what the owner loses, it loses', async () => {
    const { admin } = world;
    const { userId, token } = await addUser(admin, world.gatehouse.controlPlane, 'tom');
    const { team } = await admin.mutate<{ team: { id: string } }>(
      'createTeam',
      'CreateTeamInput',
      { slug: 'toms', name: 'toms' },
      'team { id }',
    );
    const { membership } = await admin.mutate<{ membership: { id: string } }>(
      'createMembership',
      'CreateMembershipInput',
      { teamId: team.id, userId, role: 'TEAM_MEMBER' },
      'membership { id }',
    );
    await addVirtualServer(admin, 'toms', ids.upstream, ['echo'], { visibility: 'TEAM', teamId: team.id });
    await untilServed(world.at('/servers/toms/mcp'), token);
    await admin.mutate('deleteMembership', 'DeleteMembershipInput', { id: membership.id }, 'deletedId');
    await until('it is gone', async () => (await outcome('/servers/toms/mcp', token)).status === 404);
    expect(await outcome('/servers/toms/mcp', token)).toEqual(await outcome('/servers/never-there/mcp', token));
  });

  it.each([
    '/servers/%62eta/mcp',
    '/servers/bet%61/mcp',
    '/servers/beta/%6dcp',
    '/servers/beta%2fmcp',
    '/servers/alpha%2f..%2fbeta/mcp',
    '/servers/alpha/../beta/mcp',
    '/servers/alpha/%2e%2e/beta/mcp',
    '/servers/alpha/mcp/../../beta/mcp',
    '/servers/./beta/mcp',
    '/servers/beta/mcp/',
    '/servers//beta/mcp',
    '//servers/beta/mcp',
    '/servers/beta//mcp',
    '/SERVERS/beta/mcp',
    '/servers/BETA/mcp',
    '/servers/Beta/mcp',
    '/servers/beta/mcp;alpha',
    '/servers/beta/mcp%00',
    '/servers/beta%20/mcp',
    '/servers/beta./mcp',
    '/servers/beta\\mcp',
    '/servers/alpha\\..\\beta/mcp',
    '/upstreams/%66ixture/mcp',
    '/upstreams/fixture/mcp/',
    '/servers/../upstreams/fixture/mcp',
    '/mcp/servers/beta/mcp',
    '/servers/beta/mcp?server=alpha',
    '/servers/alpha,beta/mcp',
    '/servers/alpha/mcp/../../../mcp',
    '/mcp/',
    '//mcp',
    '/%6dcp',
    '/MCP',
    '/mcp/.',
  ])('by %s', async (path) => {
    const bodyOf = (token: string) =>
      exactRequest(world.gatehouse.gateway, {
        path,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: call(),
      });
    expect((await bodyOf(bound)).status).toBe(404);
    // Not even with a token that may: one object has one address.
    if (!path.includes('?')) expect((await bodyOf(world.token)).status).toBe(404);
    expect(upstream.requests.filter(({ text }) => text.includes('tools/call'))).toEqual([]);
  });
});

describe('[GW-20] what the client sends to the gateway', () => {
  it('stays there: upstreams see their own credential and none of the client', async () => {
    const sent = {
      cookie: 'session=client-cookie',
      'x-api-key': 'client-key',
      'proxy-authorization': 'Basic client-proxy',
      forwarded: 'for=1.2.3.4',
      'x-forwarded-for': '1.2.3.4',
      origin: world.gatehouse.gateway,
      traceparent: '00-client',
    };
    for (const at of ['/mcp', '/servers/alpha/mcp', '/upstreams/fixture/mcp']) {
      const name = at === '/mcp' ? 'fixture__echo' : 'echo';
      const body = JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name, arguments: { text: 'x' } },
      });
      const answer = await postMcp(world.at(at), world.token, body, sent);
      expect(answer.body?.result).toBeDefined();
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
    expect(upstream.requests.length).toBeGreaterThanOrEqual(3);
    for (const { headers, text } of upstream.requests) {
      expect(headers.authorization).toBe('Bearer upstream-secret');
      const all = JSON.stringify(headers) + text;
      expect(all).not.toContain(world.token.slice(4, 60));
      expect(all).not.toMatch(/client-(cookie|key|proxy)|1\.2\.3\.4/);
      for (const header of ['cookie', 'x-api-key', 'proxy-authorization', 'forwarded', 'x-forwarded-for', 'origin'])
        expect(headers[header]).toBeUndefined();
    }
    const { stdout, stderr } = world.gatehouse.output;
    expect(stdout + stderr).not.toMatch(/upstream-secret|client-(cookie|key|proxy)/);
    expect(stdout + stderr).not.toContain(world.token.slice(4, 60));
  });
});
