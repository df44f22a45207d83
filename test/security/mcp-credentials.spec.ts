import { auth as authV2 } from '@modelcontextprotocol/client';
import { auth as authV1, type OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import { SignJWT, decodeJwt, generateKeyPair, type JWTPayload } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKeyring, tokenSigningKey, type SigningKey } from '#crypto';
import { createPool, SYSTEM_ROLE } from '#postgres';
import { addUser, callMcp, postMcp, until } from '#testing';
import { exactRequest, firstText } from '../e2e/mcp-world.js';
import { startSecurityWorld, type SecurityWorld } from './security-world.js';

// Items 1 to 4 of the plan's list of bad input. What other files prove already: SES-1 (whose a session is, in every detail), GW-13 (23
// forged tokens), GW-9 (metadata), GW-20 (headers of a client at a legacy HTTP upstream).

type Json = Record<string, unknown>;

let world: SecurityWorld;
let user: { token: string };
const paths = ['/mcp', '/servers/all/mcp', '/upstreams/old/mcp'];
const nameAt = (path: string) => (path.startsWith('/upstreams') ? 'echo' : 'old__echo');
const message = (method: string, params: Json = {}, id: number | null = 1) =>
  JSON.stringify({ jsonrpc: '2.0', ...(id === null ? {} : { id }), method, params });
const echoAt = (path: string) => message('tools/call', { name: nameAt(path), arguments: { text: 'x' } });

beforeAll(async () => {
  world = await startSecurityWorld({ GATEHOUSE_LOG_LEVEL: 'trace' });
  user = await addUser(world.admin, world.gatehouse.controlPlane, 'ursula');
  await until('the user is known', async () => (await callMcp(world.at('/mcp'), user.token, 'ping')).status === 200);
});
afterAll(() => world?.[Symbol.asyncDispose]());
beforeEach(() => world.forget());

describe('[BAD-22] a session id', () => {
  const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
  const begin = async (path: string): Promise<string> => {
    const answer = await postMcp(world.at(path), world.token, message('initialize', initialize));
    const id = answer.headers.get('mcp-session-id');
    if (id === null) throw new Error(`no session: ${answer.text}`);
    return id;
  };
  const replay = async (path: string, session: string, token: string | null, method: string) => {
    const response = await fetch(world.at(path), {
      method,
      headers: {
        accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
        'mcp-session-id': session,
        'mcp-protocol-version': '2025-11-25',
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(method === 'POST' ? { body: echoAt(path) } : {}),
    });
    return { status: response.status, text: await response.text() };
  };

  it.each(paths)('of %s opens nothing for another token, nor for none', async (path) => {
    const session = await begin(path);
    world.forget();
    for (const method of ['POST', 'GET', 'DELETE']) {
      const none = await replay(path, session, null, method);
      expect([method, none.status]).toEqual([method, 401]);
      const invented = await replay(path, session.replace(/.$/, 'x'), user.token, method);
      const theirs = await replay(path, session, user.token, method);
      expect([method, theirs.status]).toEqual([method, 404]);
      expect(theirs.text).toBe(invented.text);
      expect((await replay(path, session, 'gth_a.b.c', method)).status).toBe(401);
    }
    expect(world.reached()).toBe(0);
    expect((await replay(path, session, world.token, 'POST')).status).toBe(200);
    expect(world.reached()).toBeGreaterThan(0);
  });

  it('of one address opens nothing at another one', async () => {
    const session = await begin('/mcp');
    world.forget();
    for (const path of paths.slice(1))
      for (const method of ['POST', 'GET', 'DELETE'])
        expect((await replay(path, session, world.token, method)).status).toBe(404);
    expect(world.reached()).toBe(0);
  });
});

describe('[BAD-23] a token', () => {
  let signing: SigningKey;
  let claims: JWTPayload;
  beforeAll(() => {
    signing = tokenSigningKey(createKeyring(Buffer.from(world.masterKey, 'base64')));
    claims = decodeJwt(world.token.slice('gth_'.length));
  });
  const seconds = () => Math.floor(Date.now() / 1000);
  const signed = async (change: JWTPayload, header: object = {}, key = signing.privateKey) =>
    `gth_${await new SignJWT({ ...claims, ...change })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid: signing.kid, ...header })
      .sign(key)}`;
  const keyOf = async (alg: string) => (await generateKeyPair(alg)).privateKey as never;

  it.each<[string, () => string | Promise<string>]>([
    ['for a list of audiences without ours', () => signed({ aud: ['https://a.example', 'https://b.example'] })],
    ['for a list of audiences with ours', () => signed({ aud: [String(claims.aud), 'https://b.example'] })],
    ['for no audience', () => signed({ aud: [] })],
    ['for our audience with a slash', () => signed({ aud: `${String(claims.aud)}/` })],
    ['of tomorrow', () => signed({ nbf: seconds() + 86_400 })],
    ['of yesterday', () => signed({ exp: seconds() - 1, iat: seconds() - 3600 })],
    ['that never ends', () => signed({ exp: 4e12 })],
    ['from an issuer with a slash', () => signed({ iss: `${String(claims.iss)}/` })],
    ['by ES256', async () => signed({}, { alg: 'ES256' }, await keyOf('ES256'))],
    ['by RS256', async () => signed({}, { alg: 'RS256' }, await keyOf('RS256'))],
    ['with more scopes', () => signed({ scope: 'mcp control:write' })],
    ['as an ID token', () => signed({}, { typ: 'oauth-id-jag+jwt' })],
    ['cut in the middle of its payload', () => world.token.slice(0, Math.floor(world.token.length / 2))],
    ['without its last character', () => world.token.slice(0, -1)],
    ['with one part more', () => `${world.token}.AAAA`],
    ['with padding', () => `${world.token}=`],
    ['in another encoding', () => `gth_${Buffer.from(world.token).toString('base64url')}`],
    ['with a NUL in escapes', () => `${world.token}%00`],
  ])('%s is refused', async (_name, forge) => {
    const token = await forge();
    for (const path of paths) {
      const answer = await postMcp(world.at(path), token, echoAt(path));
      expect([answer.status, answer.body?.error?.code]).toEqual([401, -31000]);
      const metadata = `${world.gatehouse.gateway}/.well-known/oauth-protected-resource${path}`;
      const challenge = answer.headers.get('www-authenticate') ?? '';
      expect(challenge).toContain(`resource_metadata="${metadata}"`);
      expect(challenge).toContain('scope="mcp"');
      expect(challenge).toContain('error="invalid_token"');
    }
    expect(world.reached()).toBe(0);
  });

  it.each<[string, () => string | string[]]>([
    ['twice the same', () => [`Bearer ${world.token}`, `Bearer ${world.token}`]],
    ['a good one and a bad one', () => [`Bearer ${world.token}`, 'Bearer gth_a.b.c']],
    ['two in one line', () => `Bearer ${world.token}, Bearer ${world.token}`],
    ['with a parameter', () => `Bearer ${world.token}, realm="x"`],
    ['as DPoP', () => `DPoP ${world.token}`],
    ['with two blanks inside', () => `Bearer ${world.token.replace('.', ' .')}`],
    ['with a tab for a blank', () => `Bearer\t\t${world.token}x`],
  ])('in a header %s is refused', async (_name, authorization) => {
    const answer = await exactRequest(world.gatehouse.gateway, {
      path: '/mcp',
      headers: { 'content-type': 'application/json', authorization: authorization() },
      body: echoAt('/mcp'),
    });
    expect(answer.status).toBe(401);
    expect(world.reached()).toBe(0);
  });
});

describe('[BAD-24] a client that was told 401', () => {
  const wellKnown = '/.well-known/oauth-protected-resource';

  it.each(paths)(
    'finds the same metadata of %s at both places, without a credential, from any allowed page',
    async (path) => {
      const inserted = await fetch(world.at(wellKnown + path), { headers: { origin: world.gatehouse.gateway } });
      const root = await fetch(world.at(wellKnown));
      expect([inserted.status, root.status]).toEqual([200, 200]);
      expect(inserted.headers.get('access-control-allow-origin')).toBe(world.gatehouse.gateway);
      const [own, general] = [(await inserted.json()) as Json, (await root.json()) as Json];
      expect(own['resource']).toBe(world.at(path));
      expect(String(own['resource'])).not.toMatch(/\/$/);
      expect(general).toEqual({ ...own, resource: world.gatehouse.gateway });
      expect(own['authorization_servers']).toEqual([world.gatehouse.controlPlane]);
      const refused = await postMcp(world.at(path), null, '{}');
      expect(refused.headers.get('www-authenticate')).toContain(`resource_metadata="${world.at(wellKnown + path)}"`);
    },
  );

  it.each([
    ['v1', authV1],
    ['v2', authV2],
  ] as const)('of SDK %s follows it to the authorization server, for this resource and scope', async (_name, auth) => {
    const asked: string[] = [];
    let sentTo: URL | null = null;
    const provider: OAuthClientProvider = {
      redirectUrl: 'http://127.0.0.1:1/callback',
      clientMetadata: { redirect_uris: ['http://127.0.0.1:1/callback'], scope: 'mcp' },
      clientInformation: () => ({ client_id: 'known' }),
      tokens: () => undefined,
      saveTokens: () => undefined,
      redirectToAuthorization: (url) => void (sentTo = url),
      saveCodeVerifier: () => undefined,
      codeVerifier: () => 'verifier',
    };
    // The authorization server is another product; its metadata is all that a client needs of it here.
    const issuer = world.gatehouse.controlPlane;
    const fetchFn = async (url: string | URL, init?: RequestInit): Promise<Response> => {
      asked.push(String(url));
      if (!String(url).startsWith(`${issuer}/.well-known/`)) return fetch(url, init);
      return Response.json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
      });
    };
    const serverUrl = world.at('/servers/all/mcp');
    const outcome = await auth(provider, { serverUrl, fetchFn });
    expect(outcome).toBe('REDIRECT');
    expect(asked[0]).toBe(world.at(`${wellKnown}/servers/all/mcp`));
    expect(sentTo).not.toBeNull();
    const url = sentTo as unknown as URL;
    expect(url.origin).toBe(issuer);
    expect(url.searchParams.get('resource')).toBe(serverUrl);
    expect(url.searchParams.get('scope')).toBe('mcp');
  });
});

describe('[BAD-25] what a client sends to the gateway', () => {
  const marks = {
    cookie: 'session=mark-cookie',
    'proxy-authorization': 'Basic mark-proxy',
    dpop: 'mark-dpop',
    'x-api-key': 'mark-key',
    'x-auth-token': 'mark-auth',
    'x-forwarded-authorization': 'mark-forwarded',
    'x-amz-security-token': 'mark-amz',
    te: 'trailers',
  };
  const modernMeta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  };
  const tenant = (slug: string): Record<string, string> => (slug === 'old' ? { 'x-tenant': 'acme' } : {});

  it('is not forwarded by configuration, either', async () => {
    const { admin } = world;
    const names = [
      'authorization',
      'cookie',
      'proxy-authorization',
      'dpop',
      'mcp-session-id',
      'x-gatehouse-csrf',
      'host',
    ];
    for (const name of names)
      for (const header of [
        { from: name, to: 'x-mine' },
        { from: 'x-mine', to: name },
      ]) {
        const input = {
          slug: 'thief',
          name: 'thief',
          url: world.old.url,
          visibility: 'ORGANIZATION',
          forwardedHeaders: [header],
        };
        const answer = await admin.send(
          'mutation ($input: CreateUpstreamInput!) { createUpstream(input: $input) { upstream { id } userErrors { field code } } }',
          { input },
        );
        const { createUpstream } = answer.data as unknown as {
          createUpstream: { upstream: unknown; userErrors: Json[] };
        };
        expect([header, createUpstream.upstream]).toEqual([header, null]);
        expect(String(createUpstream.userErrors[0]?.['field'])).toMatch(/^(input\.)?forwardedHeaders/);
      }
    await admin.mutate(
      'updateUpstream',
      'UpdateUpstreamInput',
      { id: world.ids['old'], forwardedHeaders: [{ from: 'x-tenant' }] },
      'upstream { id }',
    );
  });

  it.each(['old', 'young', 'events', 'sse'] as const)('reaches no upstream: %s', async (slug) => {
    const server = world[slug];
    const call = async (path: string, name: string) =>
      postMcp(world.at(path), world.token, message('tools/call', { name, arguments: { text: 'x' } }), {
        ...marks,
        ...tenant(slug),
      });
    await until('the change is here', async () => {
      server.requests.splice(0);
      const answer = await call('/mcp', `${slug}__echo`);
      expect(answer.body?.result).toBeDefined();
      const last = server.requests.at(-1)?.headers['x-tenant'];
      return slug !== 'old' || last === 'acme';
    });
    for (const [path, name] of [
      ['/mcp', `${slug}__echo`],
      ['/servers/all/mcp', `${slug}__echo`],
      [`/upstreams/${slug}/mcp`, 'echo'],
    ] as const)
      expect((await call(path, name)).body?.result).toBeDefined();
    // Modern clients have no session, so the header is a stranger like the others.
    const modern = message('tools/call', { name: `${slug}__echo`, arguments: { text: 'x' }, _meta: modernMeta });
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': `${slug}__echo` };
    const all = { ...marks, ...headers, 'mcp-session-id': 'mark-session' };
    expect((await postMcp(world.at('/mcp'), world.token, modern, all)).body?.result).toBeDefined();
    expect(server.requests.length).toBeGreaterThanOrEqual(4);
    for (const { headers, text } of server.requests) {
      expect(headers.authorization).toBe('Bearer upstream-secret');
      expect(JSON.stringify(headers) + text).not.toMatch(/mark-/);
      expect(JSON.stringify(headers) + text).not.toContain(world.token.slice(10, 60));
      for (const name of Object.keys(marks)) expect(headers[name]).toBeUndefined();
    }
  });

  it('reaches no child process: neither its environment nor its messages', async () => {
    for (const [path, name] of [
      ['/mcp', 'child__seen'],
      ['/upstreams/child/mcp', 'seen'],
    ] as const) {
      const body = message('tools/call', { name, arguments: {} });
      const answer = await postMcp(world.at(path), world.token, body, marks);
      const text = String(firstText(answer));
      const { env } = JSON.parse(text) as { env: Record<string, string> };
      expect(env['SEER_KEY']).toBe('of-the-operator');
      expect(Object.keys(env).filter((key) => /^(DATABASE_URL|GATEHOUSE_|NODE_OPTIONS)/.test(key))).toEqual([]);
      expect(text).not.toMatch(/mark-|upstream-secret/);
      expect(text).not.toContain(world.token.slice(10, 60));
      expect(text).not.toContain(world.masterKey);
    }
  });

  it('is in no log line, at whatever level, and in no audit record', async () => {
    const { stdout, stderr } = world.gatehouse.output;
    const pool = createPool({
      url: world.database.url,
      role: SYSTEM_ROLE,
      max: 1,
      applicationName: 'test',
      connectTimeout: 5000,
      statementTimeout: 5000,
    });
    try {
      const count = async () =>
        (await pool.query<{ n: string }>("select count(*) as n from audit_events where action = 'tools/call'"))[0]?.n;
      await until('the records are there', async () => Number(await count()) > 10);
      const rows = await pool.query<{ row: string }>('select row_to_json(audit_events)::text as row from audit_events');
      expect(stdout.length).toBeGreaterThan(1000);
      for (const text of [stdout, stderr, ...rows.map(({ row }) => row)]) {
        for (const secret of [world.token.slice(10, 60), user.token.slice(10, 60), world.masterKey])
          expect(text).not.toContain(secret);
        expect(text).not.toMatch(/mark-|upstream-secret/);
      }
    } finally {
      await pool.end();
    }
  });
});
