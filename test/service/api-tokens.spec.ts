import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyApiToken } from '#authn';
import { hashToken, tokenSigningKey } from '#crypto';
import { encodeGlobalId, newId, systemClock } from '#kernel';
import { createPool } from '#postgres';
import { seedUpstream, seedVirtualServer } from './catalog-seed.js';
import {
  graphql,
  startTestControlPlane,
  type GraphqlAnswer,
  type TestControlPlane,
  type TestUser,
} from './control-plane-harness.js';

const fields =
  'id name hint scopes expiresAt revokedAt createdAt lastUsedAt calls user { email } virtualServer { slug }';
const create = `mutation($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret apiToken { ${fields} } userErrors { field code message } } }`;
const revoke = `mutation($input: RevokeApiTokenInput!) { revokeApiToken(input: $input) { apiToken { id revokedAt } userErrors { code } } }`;
const list = `{ apiTokens(first: 100) { edges { node { id name user { email } } } } }`;
const day = 86_400_000;

const rowId = (globalId: string) => Buffer.from(globalId, 'base64url').toString().split(':')[1] ?? '';

describe('API tokens', () => {
  let cp: TestControlPlane;
  let admin: TestUser;
  let plain: TestUser;
  let auditor: TestUser;

  beforeAll(async () => {
    cp = await startTestControlPlane({
      GATEHOUSE_GATEWAY_PUBLIC_URLS: 'https://mcp.example.com',
      GATEHOUSE_CONTROL_PLANE_PUBLIC_URL: 'https://admin.example.com',
      GATEHOUSE_AUTH_TOKEN_MAX_TTL: '180d',
    });
    admin = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-admin' });
    auditor = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-auditor' });
    plain = await cp.seed.user(cp.organizationId);
  });
  afterAll(() => cp[Symbol.asyncDispose]());

  const bearer = (token: string, query: string, variables: object = {}): Promise<GraphqlAnswer> =>
    graphql(cp.url, query, variables, { authorization: `Bearer ${token}` });

  async function created(user: TestUser, input: object = {}) {
    const answer = await user.query(create, { input: { name: 'laptop', ...input } });
    expect([answer.errors, answer.data?.createApiToken?.userErrors]).toEqual([[], []]);
    return answer.data.createApiToken;
  }

  it('show their secret once; what is stored cannot be turned back [GQL-10]', async () => {
    const { secret, apiToken } = await created(plain, { name: ' laptop ' });
    expect(secret).toMatch(/^gth_[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(apiToken).toMatchObject({
      ...{ name: 'laptop', hint: secret.slice(-4), revokedAt: null, lastUsedAt: null, calls: 0, virtualServer: null },
      ...{ scopes: ['CONTROL_READ', 'CONTROL_WRITE', 'MCP'], user: { email: plain.email } },
    });
    const superuser = createPool({ url: cp.databaseUrl, max: 1 });
    try {
      const [row] = await superuser.query<{ token_hash: string }>('select token_hash from api_tokens where id = $1', [
        rowId(apiToken.id),
      ]);
      expect(row?.token_hash).toBe(hashToken(secret));
      const tables = await superuser.query<{ name: string }>(
        `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
      );
      for (const { name } of tables) {
        for (const part of secret.split('.')) {
          const [found] = await superuser.query<{ n: number }>(
            `select count(*)::int as n from ${name} t where t::text like '%' || $1 || '%'`,
            [part],
          );
          expect(found?.n, name).toBe(0);
        }
      }
    } finally {
      await superuser.end();
    }
    expect(cp.log.join('')).not.toContain(secret);
    const again = await plain.query(`query($id: ID!) { node(id: $id) { ... on ApiToken { ${fields} } } }`, {
      id: apiToken.id,
    });
    expect(again.data.node).toEqual(apiToken);
    expect(again.text).not.toContain(secret);
  });

  it('are signed for the gateway and carry what they say', async () => {
    const { secret, apiToken } = await created(plain, { scopes: ['MCP', 'CONTROL_READ', 'MCP'] });
    expect(apiToken.scopes).toEqual(['MCP', 'CONTROL_READ']);
    const jwt = secret.slice('gth_'.length);
    expect(decodeProtectedHeader(jwt)).toMatchObject({ alg: 'EdDSA', kid: tokenSigningKey(cp.deps.keyring).kid });
    expect(decodeJwt(jwt)).toMatchObject({
      ...{ iss: 'https://admin.example.com', aud: 'https://mcp.example.com', sub: plain.id, org: cp.organizationId },
      ...{ jti: rowId(apiToken.id), scope: 'mcp control:read', exp: new Date(apiToken.expiresAt).getTime() / 1000 },
    });
    const { kid, publicKey } = tokenSigningKey(cp.deps.keyring);
    const expectation = {
      issuer: 'https://admin.example.com',
      audience: 'https://mcp.example.com',
      clock: systemClock,
    };
    const check = await verifyApiToken(secret, { ...expectation, kid, publicKey });
    expect(check.ok).toBe(true);
  });

  it('end in 90 days unless told otherwise, never after the longest life', async () => {
    const ends = async (input: object) =>
      new Date((await created(plain, input)).apiToken.expiresAt).getTime() - Date.now();
    expect(Math.abs((await ends({})) - 90 * day)).toBeLessThan(60_000);
    expect(Math.abs((await ends({ expiresAt: new Date(Date.now() + 179 * day) })) - 179 * day)).toBeLessThan(60_000);
    for (const expiresAt of [
      new Date(Date.now() - 1000),
      new Date(Date.now() + 181 * day),
      new Date(0),
      new Date('9999-12-31T23:59:59Z'),
    ]) {
      const answer = await plain.query(create, { input: { name: 'x', expiresAt } });
      expect(answer.data.createApiToken).toMatchObject({
        ...{ secret: null, apiToken: null },
        userErrors: [{ field: 'expiresAt', code: 'BAD_USER_INPUT' }],
      });
    }
  });

  it('work at once for this API and end at once when revoked; revoking again answers the same row', async () => {
    const { secret, apiToken } = await created(plain);
    const viewer = '{ viewer { user { email } token { id name } } }';
    expect((await bearer(secret, viewer)).data.viewer).toEqual({
      user: { email: plain.email },
      token: { id: apiToken.id, name: 'laptop' },
    });
    const first = await plain.query(revoke, { input: { id: apiToken.id } });
    expect(first.data.revokeApiToken.apiToken.revokedAt).not.toBeNull();
    expect((await bearer(secret, viewer)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    const second = await plain.query(revoke, { input: { id: apiToken.id } });
    expect(second.data.revokeApiToken).toEqual(first.data.revokeApiToken);
    const events = (await cp.audit()).filter(
      ({ action, subject_id }) => action === 'apiToken.revoke' && subject_id === rowId(apiToken.id),
    );
    expect(events.map(({ outcome, details }) => [outcome, JSON.parse(details).again])).toEqual([
      ['ALLOWED', false],
      ['ALLOWED', true],
    ]);
  });

  it('are seen and revoked by their user and by administrators, not by others [GQL-13]', async () => {
    const { apiToken } = await created(plain, { name: 'visible' });
    const names = async (user: TestUser) =>
      (await user.query(list)).data.apiTokens.edges.map(({ node }: { node: { name: string } }) => node.name);
    const other = await cp.seed.user(cp.organizationId);
    expect(await names(admin)).toContain('visible');
    expect(await names(auditor)).toContain('visible');
    expect(await names(other)).not.toContain('visible');
    const answers = [];
    for (const id of [apiToken.id, encodeGlobalId('ApiToken', newId())]) {
      cp.queries.reset();
      const answer = await other.query(revoke, { input: { id } });
      answers.push([answer.errors[0]?.message, answer.errors[0]?.extensions.code, cp.queries.statements.length]);
    }
    expect(answers[0]).toEqual(['ApiToken not found.', 'NOT_FOUND', expect.any(Number)]);
    expect(answers[1]).toEqual(answers[0]);
    expect((await auditor.query(revoke, { input: { id: apiToken.id } })).errors[0]?.extensions.code).toBe('FORBIDDEN');
    expect(
      (await admin.query(revoke, { input: { id: apiToken.id } })).data.revokeApiToken.apiToken.revokedAt,
    ).not.toBeNull();
  });

  it('reach no further than the token that asked for them [AUZ-4]', async () => {
    const { secret } = await created(plain, { scopes: ['CONTROL_READ', 'CONTROL_WRITE'] });
    const wider = await bearer(secret, create, { input: { name: 'wider' } });
    expect(wider.errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', field: 'scopes' });
    const same = await bearer(secret, create, { input: { name: 'same', scopes: ['CONTROL_READ'] } });
    expect(same.data.createApiToken.apiToken.scopes).toEqual(['CONTROL_READ']);
    const reader = await bearer(same.data.createApiToken.secret, create, {
      input: { name: 'x', scopes: ['CONTROL_READ'] },
    });
    expect(reader.errors[0]?.extensions.code).toBe('FORBIDDEN');
  });

  // A token of an hour could make one of half a year, and so was as good as a session.
  it('never outlive the token that asked for them [AUZ-4]', async () => {
    const soon = new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000);
    const { secret } = await created(plain, { expiresAt: soon });
    const longer = await bearer(secret, create, {
      input: { name: 'longer', expiresAt: new Date(soon.getTime() + 1000) },
    });
    expect(longer.errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', field: 'expiresAt' });
    expect(longer.data?.createApiToken?.secret ?? null).toBeNull();
    for (const expiresAt of [null, soon]) {
      const equal = await bearer(secret, create, { input: { name: 'equal', expiresAt } });
      expect(new Date(equal.data.createApiToken.apiToken.expiresAt)).toEqual(soon);
    }
  });

  it('may be bound to a virtual server that the caller may use, and then read only who they are [GQL-14] [AUZ-4]', async () => {
    const open = await seedVirtualServer(cp.seed, cp.organizationId, 'open', { owner: admin });
    const hidden = await seedVirtualServer(cp.seed, cp.organizationId, 'hidden', {
      owner: admin,
      visibility: 'PRIVATE',
    });
    await seedUpstream(cp.seed, cp.organizationId, 'files', { owner: admin });
    const { secret, apiToken } = await created(plain, { virtualServerId: open.globalId });
    expect(apiToken.virtualServer).toEqual({ slug: 'open' });
    const seen = await bearer(
      secret,
      '{ viewer { user { email } organization { slug } token { name virtualServer { slug } } } }',
    );
    expect(seen.errors).toEqual([]);
    expect(seen.data.viewer).toEqual({
      ...{ user: { email: plain.email }, organization: { slug: 'default' } },
      token: { name: 'laptop', virtualServer: { slug: 'open' } },
    });
    for (const query of [
      '{ upstreams { edges { cursor } } }',
      '{ tools { edges { cursor } } }',
      '{ apiTokens { edges { cursor } } }',
      '{ teams { edges { cursor } } }',
    ]) {
      expect((await bearer(secret, query)).errors[0]?.extensions.code, query).toBe('FORBIDDEN');
    }
    expect((await bearer(secret, create, { input: { name: 'x' } })).errors[0]?.extensions.code).toBe('FORBIDDEN');
    for (const virtualServerId of [hidden.globalId, encodeGlobalId('VirtualServer', newId())]) {
      const answer = await plain.query(create, { input: { name: 'x', virtualServerId } });
      expect([answer.errors[0]?.message, answer.errors[0]?.extensions.code]).toEqual([
        'VirtualServer not found.',
        'NOT_FOUND',
      ]);
    }
    const looking = await auditor.query(create, { input: { name: 'x', virtualServerId: hidden.globalId } });
    expect(looking.errors[0]?.extensions.code).toBe('FORBIDDEN');
  });

  it('show how often they were used, in one query for a whole list [GQL-3]', async () => {
    const user = await cp.seed.user(cp.organizationId);
    const used = await created(user, { name: 'used' });
    const at = new Date('2026-11-01T10:00:00.123Z');
    await cp.deps.identities.addTokenUses([
      { tokenId: rowId(used.apiToken.id), organizationId: cp.organizationId, calls: 4_000_000_000, lastUsedAt: at },
    ]);
    const usage = `{ apiTokens(first: 50) { edges { node { name calls lastUsedAt virtualServer { slug } user { email } } } } }`;
    const measure = async () => {
      cp.queries.reset();
      const { data, errors } = await user.query(usage);
      expect(errors).toEqual([]);
      return {
        nodes: data.apiTokens.edges.map(({ node }: { node: object }) => node),
        queries: cp.queries.statements.length,
      };
    };
    const few = await measure();
    expect(few.nodes).toContainEqual(
      expect.objectContaining({ name: 'used', calls: 4_000_000_000, lastUsedAt: at.toISOString() }),
    );
    for (let n = 0; n < 5; n += 1) await created(user, { name: `more-${n}` });
    expect((await measure()).queries).toBe(few.queries);
  });

  it('answer what the caller can correct as userErrors [GQL-11]', async () => {
    const cases: [object, string][] = [
      [{ name: ' ' }, 'name'],
      [{ name: 'x'.repeat(201) }, 'name'],
      [{ scopes: [] }, 'scopes'],
      [{ virtualServerId: plain.globalId }, 'virtualServerId'],
    ];
    for (const [input, field] of cases) {
      const { data } = await plain.query(create, { input: { name: 'x', ...input } });
      expect(data.createApiToken.userErrors).toMatchObject([{ field, code: 'BAD_USER_INPUT' }]);
    }
  });
});
