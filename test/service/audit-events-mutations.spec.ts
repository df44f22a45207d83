import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureFirstAdmin } from '../../apps/control-plane/src/bootstrap.js';
import { accessTable } from '../../apps/control-plane/src/graphql/access-table.js';
import { hashPassword } from '#crypto';
import { encodeGlobalId, newId } from '#kernel';
import { createPool, type DatabasePool } from '#postgres';
import { seedUpstream, seedVirtualServer } from './catalog-seed.js';
import {
  password,
  startTestControlPlane,
  TestBrowser,
  type GraphqlAnswer,
  type TestControlPlane,
  type TestUser,
} from './control-plane-harness.js';

/** A request with everything that it needs in place. */
type Request = () => Promise<GraphqlAnswer>;

/** How one mutation is tried. */
interface Case {
  /** Prepares a request that an owner may make and somebody without a role may not. */
  readonly request: (user: TestUser) => Promise<Request>;
  /** The table whose writes break to make it fail. */
  readonly breaks: string;
  /** Prepares the request that is denied, where it is not the same one by somebody without a role. */
  readonly denied?: () => Promise<Request>;
  readonly deniedAs?: { readonly outcome: string; readonly reason: string };
}

const secret = `Bearer never-${newId()}`;
const wrongPassword = `wrong-${newId()}`;

const send = (user: TestUser, name: string, input: object): Promise<GraphqlAnswer> => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const text = `mutation($input: ${type}!) { ${name}(input: $input) { userErrors { field code message } } }`;
  return user.query(text, { input });
};

describe('every mutation of the schema', () => {
  let cp: TestControlPlane;
  let superuser: DatabasePool;
  let owner: TestUser;
  let plain: TestUser;
  let reader: TestUser;
  let setupToken: string;
  let count = 0;
  const fresh = (prefix: string) => `${prefix}-${(count += 1)}`;

  const user = () => cp.seed.user(cp.organizationId);
  const team = async () => (await cp.seed.team(cp.organizationId)).globalId;
  const upstream = () => seedUpstream(cp.seed, cp.organizationId, fresh('mcp'), { owner, visibility: 'PRIVATE' });
  const upstreamId = async () => (await upstream()).upstream.globalId;
  const server = async () =>
    (await seedVirtualServer(cp.seed, cp.organizationId, fresh('server'), { owner, visibility: 'PRIVATE' })).globalId;
  const entry = async (): Promise<string> => {
    const input = { virtualServerId: await server(), entries: [{ toolId: (await upstream()).tool.globalId }] };
    const { data } = await owner.query(
      `mutation($input: AddVirtualServerEntriesInput!) { addVirtualServerEntries(input: $input) { entries { id } } }`,
      { input },
    );
    return data.addVirtualServerEntries.entries[0].id;
  };
  const membership = async () => {
    const row = { teamId: (await cp.seed.team(cp.organizationId)).id, userId: (await user()).id };
    const id = await cp.seed.write(
      cp.organizationId,
      async (tx) => tx.memberships.create({ ...row, role: 'team-member' }).id,
    );
    return encodeGlobalId('Membership', id);
  };
  const token = async (): Promise<string> => {
    const { data } = await owner.query('mutation { createApiToken(input: { name: "x" }) { apiToken { id } } }');
    return data.createApiToken.apiToken.id;
  };
  const person = () => ({ email: `${fresh('person')}@example.com`, displayName: 'Somebody' });

  const usual = (name: string, breaks: string, input: () => Promise<object> | object): Case => ({
    request: async (by) => {
      const ready = await input();
      return () => send(by, name, ready);
    },
    breaks,
  });
  const signOut = async (headers: Record<string, string> = {}): Promise<Request> => {
    const browser = new TestBrowser(cp.url);
    await browser.signIn(owner.email);
    return () => browser.query('mutation { signOut { signedOut userErrors { code } } }', {}, headers);
  };
  const completeSetup = (given: string) => async (): Promise<Request> => {
    const input = { ...person(), token: given, password };
    const text = 'mutation($input: CompleteSetupInput!) { completeSetup(input: $input) { userErrors { code } } }';
    return () => new TestBrowser(cp.url).query(text, { input });
  };

  const cases: Record<string, Case> = {
    completeSetup: {
      request: () => completeSetup(setupToken)(),
      breaks: 'setup_links',
      denied: completeSetup('a-link-that-never-was'),
      // The bearer of a link is nobody yet: a bad link is wrong input.
      deniedAs: { outcome: 'FAILED', reason: 'BAD_USER_INPUT' },
    },
    signIn: {
      // With a hash of older settings a sign-in writes a row of its own: the password hashed anew.
      request: async () => {
        const { id, email } = await user();
        const passwordHash = await hashPassword(password, { memoryBytes: 9 * 1024 ** 2, passes: 1 });
        await superuser.query('update users set password_hash = $2 where id = $1', [id, passwordHash]);
        return () => new TestBrowser(cp.url).signIn(email);
      },
      breaks: 'users',
      denied: async () => () => new TestBrowser(cp.url).signIn(owner.email, wrongPassword),
      deniedAs: { outcome: 'DENIED', reason: 'UNAUTHENTICATED' },
    },
    signOut: {
      request: () => signOut(),
      breaks: 'sessions',
      denied: () => signOut({ 'x-gatehouse-csrf': 'another' }),
      deniedAs: { outcome: 'DENIED', reason: 'CSRF' },
    },
    createUser: usual('createUser', 'users', () => ({ ...person(), password: `secret-${newId()}` })),
    updateUser: usual('updateUser', 'users', async () => ({ id: (await user()).globalId, displayName: 'Renamed' })),
    createTeam: usual('createTeam', 'teams', () => ({ slug: fresh('squad'), name: 'Team' })),
    updateTeam: usual('updateTeam', 'teams', async () => ({ id: await team(), name: 'Renamed' })),
    deleteTeam: usual('deleteTeam', 'teams', async () => ({ id: await team() })),
    createMembership: usual('createMembership', 'memberships', async () => ({
      ...{ teamId: await team(), userId: (await user()).globalId, role: 'TEAM_MEMBER' },
    })),
    updateMembership: usual('updateMembership', 'memberships', async () => ({
      id: await membership(),
      role: 'TEAM_ADMIN',
    })),
    deleteMembership: usual('deleteMembership', 'memberships', async () => ({ id: await membership() })),
    createUpstream: usual('createUpstream', 'upstreams', () => ({
      ...{ slug: fresh('mcp'), name: 'MCP', url: 'https://mcp.example.com/', authSecret: secret },
    })),
    updateUpstream: usual('updateUpstream', 'upstreams', async () => ({ id: await upstreamId(), authSecret: secret })),
    deleteUpstream: usual('deleteUpstream', 'upstreams', async () => ({ id: await upstreamId() })),
    checkUpstream: usual('checkUpstream', 'upstream_operations', async () => ({ id: await upstreamId() })),
    syncUpstream: usual('syncUpstream', 'upstream_operations', async () => ({ id: await upstreamId() })),
    createVirtualServer: usual('createVirtualServer', 'virtual_servers', () => ({ slug: fresh('server'), name: 'S' })),
    updateVirtualServer: usual('updateVirtualServer', 'virtual_servers', async () => ({
      id: await server(),
      name: 'R',
    })),
    deleteVirtualServer: usual('deleteVirtualServer', 'virtual_servers', async () => ({ id: await server() })),
    addVirtualServerEntries: usual('addVirtualServerEntries', 'virtual_server_entries', async () => ({
      ...{ virtualServerId: await server(), entries: [{ toolId: (await upstream()).tool.globalId }] },
    })),
    updateVirtualServerEntry: usual('updateVirtualServerEntry', 'virtual_server_entries', async () => ({
      ...{ id: await entry(), nameOverride: 'another' },
    })),
    removeVirtualServerEntries: usual('removeVirtualServerEntries', 'virtual_server_entries', async () => ({
      ids: [await entry()],
    })),
    createApiToken: {
      ...usual('createApiToken', 'api_tokens', () => ({ name: 'laptop' })),
      // Everybody may create tokens for themselves, but not for a virtual server that is hidden from them.
      denied: async () => {
        const input = { name: 'laptop', virtualServerId: await server() };
        return () => send(plain, 'createApiToken', input);
      },
    },
    revokeApiToken: usual('revokeApiToken', 'api_tokens', async () => ({ id: await token() })),
    exportAudit: usual('exportAudit', 'audit_exports', () => ({ filter: { action: 'tools/call' } })),
  };

  beforeAll(async () => {
    cp = await startTestControlPlane({ GATEHOUSE_GRAPHQL_OPERATION_WAIT: '0ms' });
    superuser = createPool({ url: cp.databaseUrl, max: 1 });
    await superuser.query(
      `create function break_it() returns trigger language plpgsql as $$ begin raise exception 'broken on purpose'; end $$`,
    );
    const first = await ensureFirstAdmin(cp.deps, cp.url);
    if (first.state !== 'link') throw new Error('there is no one-time link');
    setupToken = new URL(first.url).hash.slice(1);
    owner = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-owner' });
    plain = await user();
    reader = await cp.seed.user(cp.organizationId, {
      ...{ organizationRole: 'organization-owner', scopes: ['control:read'] },
    });
  });
  afterAll(async () => {
    await superuser.end();
    await cp[Symbol.asyncDispose]();
  });

  /** The one record that a request left under the action of its mutation. */
  const recordOf = async (name: string, answer: GraphqlAnswer) => {
    const access = accessTable.Mutation[name];
    const events = await superuser.query<{ action: string; outcome: string; reason: string | null }>(
      'select action, outcome, reason from audit_events where request_id = $1',
      [answer.headers.get('x-request-id')],
    );
    expect(events, name).toHaveLength(1);
    const { action, ...record } = events[0] ?? { action: '' };
    expect(action).toBe(access?.audit ?? access?.needs);
    return record;
  };
  const broken = async (table: string, request: Request): Promise<GraphqlAnswer> => {
    const trigger = 'before insert or update or delete';
    await superuser.query(`create trigger broken ${trigger} on ${table} for each row execute function break_it()`);
    try {
      return await request();
    } finally {
      await superuser.query(`drop trigger broken on ${table}`);
    }
  };
  /** The link works only while nobody owns the organization. */
  const withoutOwners = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
    if (name !== 'completeSetup') return run();
    await superuser.query(`update role_bindings set role = 'organization-admin'`);
    try {
      return await run();
    } finally {
      await superuser.query(`update role_bindings set role = 'organization-owner'`);
    }
  };

  it('has a case here and a line in the table of who may [TRL-5]', async () => {
    const { data } = await new TestBrowser(cp.url).query('{ __schema { mutationType { fields { name } } } }');
    const names = data.__schema.mutationType.fields.map(({ name }: { name: string }) => name).sort();
    expect(Object.keys(cases).sort()).toEqual(names);
    expect(Object.keys(accessTable.Mutation).sort()).toEqual(names);
  });

  describe.each(Object.entries(cases))('%s', (name, { request, breaks, denied, deniedAs }) => {
    it('is recorded when it fails, and changes nothing and says nothing of the fault [TRL-5] [PER-6] [PER-7]', async () => {
      await withoutOwners(name, async () => {
        const ready = await request(owner);
        const answer = await broken(breaks, ready);
        expect(answer.errors.map(({ extensions }) => extensions.code)).toEqual(['INTERNAL']);
        expect(answer.text).not.toContain('on purpose');
        expect(await recordOf(name, answer)).toEqual({ outcome: 'FAILED', reason: 'INTERNAL' });
      });
    });

    it('is recorded when it is denied [TRL-5] [PER-7]', async () => {
      const answer = await (await (denied ? denied() : request(plain)))();
      const record = await recordOf(name, answer);
      if (deniedAs) expect(record).toEqual(deniedAs);
      else
        expect(record).toMatchObject({ outcome: 'DENIED', reason: expect.stringMatching(/^(FORBIDDEN|NOT_FOUND)$/) });
    });

    it('is recorded when it is allowed [TRL-5] [PER-6]', async () => {
      await withoutOwners(name, async () => {
        const answer = await (await request(owner))();
        expect(answer.errors).toEqual([]);
        expect(Object.values(answer.data), answer.text).toEqual([expect.objectContaining({ userErrors: [] })]);
        expect(await recordOf(name, answer)).toEqual({ outcome: 'ALLOWED', reason: null });
      });
    });
  });

  it.each(Object.keys(cases).filter((name) => accessTable.Mutation[name]?.needs !== 'anyone'))(
    '%s needs the scope control:write, and that refusal is recorded [AUZ-4]',
    async (name) => {
      const answer = await (await cases[name]!.request(reader))();
      expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
      expect(await recordOf(name, answer)).toEqual({ outcome: 'DENIED', reason: 'FORBIDDEN' });
    },
  );

  it('writes no secret into the log', async () => {
    const events = await superuser.query<{ text: string }>('select audit_events::text as text from audit_events');
    const everything = events.map(({ text }) => text).join('\n');
    for (const hidden of [secret, password, wrongPassword, setupToken, owner.token, 'secret-']) {
      expect(everything.includes(hidden), hidden.slice(0, 12)).toBe(false);
    }
    expect(cp.log.join('\n')).not.toContain(secret);
  });
});
