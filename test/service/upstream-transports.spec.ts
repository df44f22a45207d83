import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPool, type DatabasePool } from '#postgres';
import {
  startTestControlPlane,
  type GraphqlAnswer,
  type TestControlPlane,
  type TestTeam,
  type TestUser,
} from './control-plane-harness.js';

const fields = `id slug transport url command shared connectTimeout headersTimeout requestTimeout maxRequestTime
  headers { name value } forwardedHeaders { from to } hasCredential authHeader era health`;
const create = `mutation($input: CreateUpstreamInput!) { createUpstream(input: $input) { upstream { ${fields} } userErrors { field code message } } }`;
const update = `mutation($input: UpdateUpstreamInput!) { updateUpstream(input: $input) { upstream { ${fields} } userErrors { field code message } } }`;
const url = 'https://mcp.example.com/mcp';
const reach = { transport: 'STREAMABLE_HTTP', url, command: null, shared: false };
const plainly = {
  ...{ connectTimeout: null, headersTimeout: null, requestTimeout: null, maxRequestTime: null },
  ...{ headers: [], forwardedHeaders: [] },
};

describe('how upstreams are reached', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-commands-'));
  let cp: TestControlPlane;
  let sql: DatabasePool;
  let admin: TestUser;
  let owner: TestUser;
  let developer: TestUser;
  let teamAdmin: TestUser;
  let team: TestTeam;
  let count = 0;

  beforeAll(async () => {
    const commands = path.join(folder, 'commands.json');
    writeFileSync(commands, JSON.stringify({ files: { command: '/usr/bin/files' }, git: { command: 'git-mcp' } }));
    cp = await startTestControlPlane({
      GATEHOUSE_STDIO_COMMANDS: commands,
      GATEHOUSE_OUTBOUND_MAX_REQUEST: '10m',
    });
    sql = createPool({ url: cp.databaseUrl, max: 1 });
    team = await cp.seed.team(cp.organizationId, 'alpha');
    admin = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-admin' });
    owner = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-owner' });
    developer = await cp.seed.user(cp.organizationId, { teams: [[team, 'team-developer']] });
    teamAdmin = await cp.seed.user(cp.organizationId, { teams: [[team, 'team-admin']] });
  });
  afterAll(async () => {
    await sql.end();
    await cp[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const make = (user: TestUser, input: object) =>
    user.query(create, { input: { slug: `u-${(count += 1)}`, name: 'x', ...input } });
  const payloadOf = ({ errors, data }: GraphqlAnswer) => {
    expect(errors).toEqual([]);
    return Object.values(data)[0] as { upstream: Record<string, unknown> & { id: string }; userErrors: object[] };
  };
  const made = async (user: TestUser, input: object) => {
    const { upstream, userErrors } = payloadOf(await make(user, input));
    expect(userErrors).toEqual([]);
    return upstream;
  };
  const changed = async (user: TestUser, id: string, input: object) => {
    const { upstream, userErrors } = payloadOf(await user.query(update, { input: { id, ...input } }));
    expect(userErrors).toEqual([]);
    return upstream;
  };
  const faults = async (user: TestUser, input: object) => payloadOf(await make(user, input)).userErrors;

  it('[UPT-1] by streamable HTTP unless something else is said', async () => {
    expect(await made(developer, { url })).toMatchObject({ ...reach, ...plainly });
    expect(await made(developer, { url, transport: 'SSE' })).toMatchObject({ ...reach, transport: 'SSE' });
    expect(await made(admin, { transport: 'STDIO', command: 'files', shared: true })).toMatchObject({
      ...{ transport: 'STDIO', url: 'stdio:files', command: 'files', shared: true, hasCredential: false, ...plainly },
    });
  });

  it('[UPT-1] by what belongs to the transport, and nothing else', async () => {
    const tries: [object, string, RegExp][] = [
      [{}, 'url', /needs the address/],
      [{ transport: 'SSE' }, 'url', /SSE needs the address/],
      [{ transport: 'STDIO' }, 'command', /needs the name of a command/],
      [{ transport: 'STDIO', command: 'files', url }, 'url', /does not go with STDIO/],
      [{ transport: 'STDIO', command: 'files', authSecret: 's' }, 'authSecret', /operator/],
      [{ transport: 'STDIO', command: 'files', headers: [{ name: 'x-a', value: 'b' }] }, 'headers', /no headers/],
      [{ url, command: 'files' }, 'command', /STDIO only/],
      [{ url, shared: true }, 'shared', /STDIO only/],
    ];
    for (const [input, field, message] of tries) {
      expect(await faults(admin, input), field).toEqual([
        { field, code: 'BAD_USER_INPUT', message: expect.stringMatching(message) },
      ]);
    }
  });

  it('[UPT-2] by names of the operator’s list, never by command lines', async () => {
    for (const command of ['sh -c "curl evil"', '/bin/sh', '../x', 'a;b', '$(id)', '', 'x'.repeat(101), 'a\nb']) {
      expect(await faults(admin, { transport: 'STDIO', command }), command).toEqual([
        { field: 'command', code: 'BAD_USER_INPUT', message: expect.stringContaining('never a command line') },
      ]);
    }
    expect(await faults(admin, { transport: 'STDIO', command: 'bash' })).toEqual([
      {
        ...{ field: 'command', code: 'COMMAND_NOT_ALLOWED' },
        message:
          'command "bash" is not in the allow list; an operator adds it to the file named by GATEHOUSE_STDIO_COMMANDS.',
      },
    ]);
    const { id } = await made(admin, { transport: 'STDIO', command: 'files' });
    const refused = payloadOf(await admin.query(update, { input: { id, command: 'constructor' } }));
    expect(refused).toMatchObject({ upstream: null, userErrors: [{ field: 'command', code: 'COMMAND_NOT_ALLOWED' }] });
    const denied = (await cp.audit()).filter(({ reason }) => reason === 'COMMAND_NOT_ALLOWED');
    expect(denied.map(({ action, outcome }) => [action, outcome])).toEqual([
      ['upstream.create', 'DENIED'],
      ['upstream.update', 'DENIED'],
    ]);
  });

  it('[UPT-3] by a command only for owners and administrators, who alone learn what the list holds', async () => {
    for (const user of [developer, teamAdmin]) {
      for (const command of ['files', 'bash']) {
        const sharing = { visibility: 'TEAM', teamId: team.globalId };
        const answer = await make(user, { transport: 'STDIO', command, ...sharing });
        expect(answer.errors.map(({ message, extensions }) => [extensions['code'], message])).toEqual([
          ['FORBIDDEN', expect.stringContaining('may not let an upstream run a command')],
        ]);
      }
      const { id } = await made(user, { url });
      const turned = await user.query(update, { input: { id, transport: 'STDIO', command: 'files' } });
      expect(turned.errors[0]?.extensions['code']).toBe('FORBIDDEN');
    }
    const shared = await made(owner, {
      ...{ transport: 'STDIO', command: 'files', visibility: 'TEAM', teamId: team.globalId },
    });
    const other = await teamAdmin.query(update, { input: { id: shared.id, command: 'git' } });
    expect(other.errors[0]?.extensions['code']).toBe('FORBIDDEN');
    expect((await changed(teamAdmin, shared.id, { command: 'files', enabled: false }))['command']).toBe('files');
    expect((await changed(owner, shared.id, { command: 'git' }))['command']).toBe('git');
  });

  it('[UPT-4] with limits of time within those of the operator', async () => {
    const times = { connectTimeout: '500ms', headersTimeout: '5s', requestTimeout: '2m', maxRequestTime: '600s' };
    const { id, ...upstream } = await made(developer, { url, ...times });
    expect(upstream).toMatchObject({ ...times, maxRequestTime: '10m' });
    expect(await changed(developer, id, { connectTimeout: null, requestTimeout: '90s' })).toMatchObject({
      ...{ connectTimeout: null, headersTimeout: '5s', requestTimeout: '90s', maxRequestTime: '10m' },
    });
    const tries: [object, string][] = [
      [{ maxRequestTime: '601s' }, 'maxRequestTime'],
      [{ connectTimeout: '49ms' }, 'connectTimeout'],
      [{ requestTimeout: '3s', maxRequestTime: '2s' }, 'requestTimeout'],
    ];
    for (const [input, field] of tries) {
      expect(await faults(developer, { url, ...input }), field).toMatchObject([{ field, code: 'BAD_USER_INPUT' }]);
    }
    const malformed = await make(developer, { url, requestTimeout: 'soon' });
    expect([malformed.status, malformed.text]).toEqual([400, expect.stringContaining('A Duration looks like')]);
  });

  it('[UPT-5] with headers that carry no credential and break no protocol', async () => {
    const { id, ...upstream } = await made(developer, {
      ...{ url, authSecret: 'Bearer s3cret' },
      headers: [{ name: 'X-Tenant', value: 'acme' }],
      forwardedHeaders: [{ from: 'X-Locale' }, { from: 'X-Region', to: 'Region' }],
    });
    expect(upstream).toMatchObject({
      headers: [{ name: 'x-tenant', value: 'acme' }],
      forwardedHeaders: [
        { from: 'x-locale', to: 'x-locale' },
        { from: 'x-region', to: 'region' },
      ],
    });
    for (const name of ['Authorization', 'Cookie', 'DPoP', 'Host', 'Content-Length', 'Mcp-Session-Id', 'Connection']) {
      const entries = {
        headers: [{ name, value: 'x' }],
        forwardedHeaders: [{ from: name }, { from: 'x-a', to: name }],
      };
      expect((await faults(developer, { url, ...entries })).map((fault) => (fault as { field: string }).field)).toEqual(
        [...['headers.0.name', 'forwardedHeaders.0.from', 'forwardedHeaders.1.to']],
      );
    }
    const twice = { authHeader: 'X-Key', authSecret: 's', headers: [{ name: 'x-key', value: 'b' }] };
    expect(await faults(developer, { url, ...twice })).toMatchObject([{ field: 'headers.0.name' }]);
    expect(await changed(developer, id, { headers: [], forwardedHeaders: null })).toMatchObject({
      ...{ headers: [], forwardedHeaders: [], hasCredential: true },
    });
  });

  it('[UPT-6] afresh after another transport, without what the other one had', async () => {
    const { id } = await made(admin, { url, authSecret: 's', headers: [{ name: 'x-a', value: 'b' }] });
    const rowId = Buffer.from(id, 'base64url').toString().split(':')[1];
    await sql.query("update upstreams set era = 'LEGACY', health = 'HEALTHY' where id = $1", [rowId]);
    cp.jobs.splice(0);
    expect(await changed(admin, id, { transport: 'SSE' })).toMatchObject({
      ...{ transport: 'SSE', url, hasCredential: true, era: null, health: 'UNKNOWN' },
    });
    expect(await changed(admin, id, { transport: 'STDIO', command: 'files' })).toMatchObject({
      ...{
        transport: 'STDIO',
        url: 'stdio:files',
        command: 'files',
        hasCredential: false,
        authHeader: null,
        headers: [],
      },
    });
    expect(await changed(admin, id, { transport: 'STREAMABLE_HTTP', url, shared: null })).toMatchObject({
      ...{ ...reach, hasCredential: false },
    });
    expect(cp.jobs.map(({ queue }) => queue)).toEqual(['sync-catalog', 'sync-catalog', 'sync-catalog']);
    const details = (await cp.audit()).filter(({ action }) => action === 'upstream.update').map((one) => one.details);
    expect(details.slice(-3).map((text) => JSON.parse(text) as object)).toMatchObject([
      { changed: ['transport'], transport: 'SSE', url: 'https://mcp.example.com/mcp' },
      { changed: ['transport', 'command'], transport: 'STDIO', command: 'files' },
      { transport: 'STREAMABLE_HTTP' },
    ]);
  });

  it('[UPT-6] by one way only, also for who writes to the database', async () => {
    const id = Buffer.from((await made(admin, { url })).id, 'base64url')
      .toString()
      .split(':')[1];
    for (const wrong of ["transport = 'STDIO'", 'url = null', "command = 'files'", "transport = 'CARRIER_PIGEON'"]) {
      await expect(sql.query(`update upstreams set ${wrong} where id = $1`, [id]), wrong).rejects.toThrow('constraint');
    }
  });

  it('[UPT-7] tokens may have limits of their own, up to the highest', async () => {
    const text = `mutation($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret apiToken { id rateLimit { perMinute burst } } userErrors { field code message } } }`;
    const token = (rateLimit: object | null) => developer.query(text, { input: { name: 'x', rateLimit } });
    const limited = await token({ perMinute: 60, burst: 5 });
    expect(limited.data.createApiToken.apiToken.rateLimit).toEqual({ perMinute: 60, burst: 5 });
    expect((await token(null)).data.createApiToken.apiToken.rateLimit).toBeNull();
    const { tokenMaxRate: most } = cp.deps.config.auth;
    expect((await token({ perMinute: most, burst: most })).data.createApiToken.userErrors).toEqual([]);
    for (const [rateLimit, field] of [
      [{ perMinute: most + 1, burst: 1 }, 'rateLimit.perMinute'],
      [{ perMinute: 1, burst: most + 1 }, 'rateLimit.burst'],
      [{ perMinute: 0, burst: 1 }, 'rateLimit.perMinute'],
    ] as const) {
      expect((await token(rateLimit)).data.createApiToken).toMatchObject({
        ...{ apiToken: null, secret: null, userErrors: [{ field, code: 'BAD_USER_INPUT' }] },
      });
    }
    const child = async (rateLimit: object | null) => {
      const response = await fetch(`${cp.url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${limited.data.createApiToken.secret}`,
        },
        body: JSON.stringify({ query: text, variables: { input: { name: 'child', rateLimit } } }),
      });
      return response.text();
    };
    expect(await child(null)).toContain('"rateLimit":{"perMinute":60,"burst":5}');
    expect(await child({ perMinute: 61, burst: 5 })).toContain('A token cannot create one that may call more often');
  });
});
