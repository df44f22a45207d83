import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  callModern,
  freePort,
  startFixtureServer,
  startGatehouse,
  until,
  type FixtureServer,
  type Gatehouse,
} from '#testing';
import { startCli } from './cli-process.js';

const password = 'correct horse battery';
const upstreamToken = 'upstream-secret';

let folder: string;
let server: Gatehouse;
let fixture: FixtureServer;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-cli-'));
  fixture = await startFixtureServer({ era: 'legacy', sessions: true, token: upstreamToken });
  // The control plane prints the gateway's address, which it knows from the settings only.
  const env = { GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1', GATEHOUSE_GATEWAY_PORT: String(await freePort()) };
  server = await startGatehouse({ env });
});
afterAll(async () => {
  await server?.stop();
  await fixture?.close();
  rmSync(folder, { recursive: true, force: true });
  rmSync(server.dataDir, { recursive: true, force: true });
});

interface Options {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The person whose sign-in is used. */
  readonly as?: string;
}

async function gatehouse(args: readonly string[], { stdin, env, as = 'ada' }: Options = {}) {
  const home = { XDG_CONFIG_HOME: path.join(folder, as) };
  const result = await startCli('main.js', args, { stdin, env: { ...home, ...env } }).ended;
  expect(`${result.stdout}${result.stderr}`).not.toMatch(/\n\s+at .*(:\d+:\d+|node:)/);
  return result;
}

/** Runs a command with `--json` that must succeed, and answers its result. */
async function json<T>(args: readonly string[], options?: Options): Promise<T> {
  const { code, stdout, stderr } = await gatehouse([...args, '--json'], options);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

describe('the gatehouse command, from nothing to a governed call', () => {
  it('says how to sign in, with exit code 3 [CLI-10]', async () => {
    const { code, stderr } = await gatehouse(['upstream', 'list']);
    expect(code).toBe(3);
    expect(stderr).toContain('gatehouse login');
  });

  it('sets the first administrator up by the one-time link and signs in [CLI-1]', async () => {
    const args = ['setup', server.setupLink ?? '', '--email', 'ada@example.com', '--name', 'Ada'];
    const { code, stdout } = await gatehouse(args, { stdin: `${password}\n` });
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('Signed in at') as string });
    expect(stdout).not.toContain('gth_');
    const file = path.join(folder, 'ada/gatehouse/profile.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const viewer = await json<{ user: { email: string }; token: { scopes: string[] } }>(['whoami']);
    expect(viewer.user.email).toBe('ada@example.com');
    const again = await gatehouse(args, { stdin: `${password}\n`, as: 'mallory' });
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('link is not valid') as string });
  });

  it('adds, lists, checks and syncs an upstream with its credential [CLI-4]', async () => {
    const url = fixture.url;
    const added = await gatehouse(['upstream', 'add', 'fixture', url, '--secret'], {
      stdin: `Bearer ${upstreamToken}`,
    });
    // The worker begins to read the catalogue of a new upstream by itself; where it is done first, there is nothing left
    // to add. This operation reads again all the same: what is read already may be older than the wish to read it.
    expect({ code: added.code, stdout: added.stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^Read the catalogue of fixture: \d+ tools(?: \(\d+ added\))?, /) as string,
    });
    const [row] = await json<{ slug: string; hasCredential: boolean }[]>(['upstream', 'list']);
    expect(row).toMatchObject({ slug: 'fixture', hasCredential: true, era: 'LEGACY' });
    const list = await gatehouse(['upstream', 'list']);
    expect(Math.max(...list.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(list.stdout).not.toContain('\u001b');
    expect(await json(['upstream', 'check', 'fixture'])).toMatchObject({ kind: 'CHECK', state: 'SUCCEEDED' });
    expect(await json(['upstream', 'sync', 'fixture'])).toMatchObject({ kind: 'SYNC', state: 'SUCCEEDED' });
  });

  it('[UPT-11] adds upstreams with limits and headers, and lists how they are reached', async () => {
    const { url } = fixture;
    const more = ['--transport', 'sse', '--timeout', '90s', '--header', 'X-Tenant: acme', '--header', 'X-Region: eu'];
    await json(['upstream', 'add', 'reached', url, ...more, '--no-sync']);
    const rows = await json<{ slug: string; transport: string }[]>(['upstream', 'list']);
    expect(rows.find(({ slug }) => slug === 'reached')).toMatchObject({ transport: 'SSE', url });
    expect((await gatehouse(['upstream', 'list'])).stdout).toMatch(/reached +sse /);
    const secret = await gatehouse(['upstream', 'add', 'other', url, '--header', 'Authorization: Bearer x', '--json']);
    expect(JSON.parse(secret.stderr)).toMatchObject({ errors: [{ code: 'BAD_USER_INPUT', field: 'headers.0.name' }] });
    const unknown = await gatehouse(['upstream', 'add', 'local', '--command', 'files', '--json']);
    expect(JSON.parse(unknown.stderr)).toMatchObject({ errors: [{ code: 'COMMAND_NOT_ALLOWED', field: 'command' }] });
    expect(await gatehouse(['upstream', 'add', 'local'])).toMatchObject({ code: 2 });
    expect(await gatehouse(['upstream', 'add', 'local', url, '--command', 'files'])).toMatchObject({ code: 2 });
    await gatehouse(['upstream', 'remove', 'reached']);
  });

  it('[ERA-1] [ERA-2] adds upstreams that are spoken to in one era, and refuses what cannot be', async () => {
    const { url } = fixture;
    await json(['upstream', 'add', 'modern', url, '--era', 'modern', '--no-sync']);
    const rows = await json<{ slug: string }[]>(['upstream', 'list']);
    expect(rows.map((row) => [row.slug, (row as { protocolEra?: string }).protocolEra])).toEqual(
      expect.arrayContaining([
        ['fixture', 'AUTO'],
        ['modern', 'MODERN'],
      ]),
    );
    for (const wrong of [
      ['--era', 'newest'],
      ['--era', 'modern', '--transport', 'sse'],
    ])
      expect(await gatehouse(['upstream', 'add', 'wrong', url, ...wrong])).toMatchObject({ code: 2 });
    await gatehouse(['upstream', 'remove', 'modern']);
  });

  it('[RBS-7] adds upstreams with every time limit and forwarded headers, and refuses what cannot be', async () => {
    const { url } = fixture;
    const times = ['--connect-timeout', '2s', '--headers-timeout', '5s', '--timeout', '20s', '--max-time', '2m'];
    const forwarded = ['--forward-header', 'X-Case', '--forward-header', 'X-Lang=Accept-Language'];
    await json(['upstream', 'add', 'timed', url, ...times, ...forwarded, '--no-sync']);
    const rows = await json<{ slug: string }[]>(['upstream', 'list']);
    expect(rows.find(({ slug }) => slug === 'timed')).toMatchObject({
      ...{ connectTimeout: '2s', headersTimeout: '5s', requestTimeout: '20s', maxRequestTime: '2m' },
      forwardedHeaders: [{ from: 'x-case' }, { from: 'x-lang', to: 'accept-language' }],
    });
    await gatehouse(['upstream', 'remove', 'timed']);
    const unspoken = [
      ['--connect-timeout', '2'],
      ['--headers-timeout', 'soon'],
      ['--max-time', '-1s'],
      ['--forward-header', '=X-B'],
    ];
    for (const wrong of unspoken) {
      const refused = await gatehouse(['upstream', 'add', 'wrong', url, ...wrong]);
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(wrong[0] ?? '') as string });
    }
    const refused = async (...more: string[]) =>
      (
        JSON.parse((await gatehouse(['upstream', 'add', 'wrong', url, ...more, '--json'])).stderr) as {
          errors: unknown;
        }
      ).errors;
    expect(await refused('--forward-header', 'Authorization')).toMatchObject([
      { code: 'BAD_USER_INPUT', field: 'forwardedHeaders.0.from' },
    ]);
    expect(await refused('--max-time', '1000h')).toMatchObject([{ code: 'BAD_USER_INPUT', field: 'maxRequestTime' }]);
  });

  it('tells field, problem and remedy of a refused upstream [CLI-4]', async () => {
    const taken = await gatehouse(['upstream', 'add', 'fixture', fixture.url]);
    expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining('slug') as string });
    const malformed = await gatehouse(['upstream', 'add', 'Not_A_Slug', fixture.url, '--json']);
    expect(malformed).toMatchObject({ code: 1, stdout: '' });
    expect(JSON.parse(malformed.stderr)).toMatchObject({ errors: [{ code: 'BAD_USER_INPUT', field: 'slug' }] });
    const scheme = await gatehouse(['upstream', 'add', 'ftp', 'ftp://h/mcp']);
    expect(scheme).toMatchObject({ code: 1, stderr: expect.stringContaining('url') as string });
  });

  it('fails the check of an upstream that is gone, and removes it [CLI-4]', async () => {
    const gone = await startFixtureServer({ era: 'modern' });
    const { url } = gone;
    await json(['upstream', 'add', 'gone', url, '--no-sync']);
    await gone.close();
    const check = await gatehouse(['upstream', 'check', 'gone']);
    expect(check).toMatchObject({ code: 1, stderr: expect.stringContaining('UPSTREAM_REFUSED') as string });
    expect((await gatehouse(['upstream', 'remove', 'gone'])).stdout).toBe('Removed upstream gone.\n');
    const missing = await gatehouse(['upstream', 'remove', 'gone']);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('"gone" not found') as string });
  });

  it('imports what it can of a client file and reports the rest [CLI-5]', async () => {
    const modern = await startFixtureServer({ era: 'modern' });
    const file = path.join(folder, 'mcp.json');
    const servers = { 'My Tools': { type: 'http', url: modern.url }, local: { command: 'npx', args: ['-y', 'x'] } };
    writeFileSync(file, JSON.stringify({ mcpServers: servers }));
    const dry = await gatehouse(['import', file, '--dry-run', '--json']);
    expect(JSON.parse(dry.stdout)).toMatchObject([
      { outcome: 'would import', slug: 'my-tools' },
      { outcome: 'failed' },
    ]);
    const real = await gatehouse(['import', file, '--json']);
    expect(real.code).toBe(1);
    expect(JSON.parse(real.stdout)).toMatchObject([
      { name: 'My Tools', slug: 'my-tools', outcome: 'imported', message: 'catalogue read' },
      { name: 'local', outcome: 'failed', message: expect.stringContaining('is a command line') as string },
    ]);
    const slugs = (await json<{ slug: string }[]>(['upstream', 'list'])).map(({ slug }) => slug);
    expect(slugs.sort()).toEqual(['fixture', 'my-tools']);
    await modern.close();
  });

  it('creates users, a team and a virtual server, and lets the new user sign in [CLI-7]', async () => {
    await json(['team', 'create', 'devs', '--name', 'Developers']);
    const user = await json<{ email: string }>(['user', 'create', 'Bob@example.com', '--name', 'Bob'], {
      stdin: `${password} of bob\n`,
    });
    expect(user.email).toBe('bob@example.com');
    await json(['team', 'add-member', 'devs', 'bob@example.com', '--role', 'team-developer']);
    await json(['server', 'create', 'team-tools', '--team', 'devs', '--no-prefix']);
    const { added } = await json<{ added: string[] }>([
      'server',
      'add-tool',
      'team-tools',
      '--upstream',
      'fixture',
      '--all',
    ]);
    expect(added.length).toBeGreaterThan(0);
    const login = ['login', '--url', server.controlPlane, '--email', 'bob@example.com'];
    expect((await gatehouse(login, { stdin: 'wrong\n', as: 'bob' })).code).toBe(3);
    expect((await gatehouse(login, { stdin: `${password} of bob\n`, as: 'bob' })).code).toBe(0);
    const seen = await json<{ slug: string }[]>(['server', 'list'], { as: 'bob' });
    expect(seen.map(({ slug }) => slug)).toEqual(['team-tools']);
    const weak = await gatehouse(['user', 'create', 'eve@example.com'], { stdin: 'short\n' });
    expect(weak).toMatchObject({ code: 1, stderr: expect.stringContaining('password') as string });
  });

  it('creates a token whose secret is shown once, lists it and revokes it [CLI-6]', async () => {
    const created = await gatehouse(['token', 'create', 'laptop', '--server', 'team-tools', '--for', '1d'], {
      as: 'bob',
    });
    expect(created.stdout).toMatch(/^gth_\S+\n$/);
    const list = await gatehouse(['token', 'list', '--json'], { as: 'bob' });
    expect(list.stdout).not.toContain('gth_');
    expect(JSON.parse(list.stdout)).toContainEqual(expect.objectContaining({ name: 'laptop', revokedAt: null }));
    expect((await gatehouse(['token', 'revoke', 'laptop'], { as: 'bob' })).code).toBe(0);
    const again = await gatehouse(['token', 'revoke', 'laptop'], { as: 'bob' });
    expect(again).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Live token "laptop" not found') as string,
    });
  });

  it('[RBS-7] creates a token with a rate limit of its own, and refuses one that cannot be', async () => {
    await json(['token', 'create', 'slow', '--rate', '60', '--burst', '5']);
    await json(['token', 'create', 'even', '--rate', '30']);
    const rows = await json<{ name: string; rateLimit: unknown }[]>(['token', 'list']);
    const limitOf = (wanted: string) => rows.find(({ name }) => name === wanted)?.rateLimit;
    expect(limitOf('slow')).toEqual({ perMinute: 60, burst: 5 });
    expect(limitOf('even')).toEqual({ perMinute: 30, burst: 30 });
    for (const wrong of [
      ['--rate', '0'],
      ['--rate', 'many'],
      ['--burst', '5'],
      ['--rate', '60', '--burst', '1.5'],
    ])
      expect(await gatehouse(['token', 'create', 'wrong', ...wrong])).toMatchObject({ code: 2, stdout: '' });
    const beyond = await gatehouse(['token', 'create', 'wrong', '--rate', '999999999', '--json']);
    expect(JSON.parse(beyond.stderr)).toMatchObject({
      errors: [{ code: 'BAD_USER_INPUT', field: expect.stringContaining('rateLimit') as string }],
    });
  });

  it('prints a client configuration that works as it stands [CLI-9]', async () => {
    const args = ['client', 'config', 'cursor', '--server', 'team-tools', '--new-token', 'cursor'];
    const { stdout, code } = await gatehouse(args, { as: 'bob' });
    expect(code).toBe(0);
    const { mcpServers } = JSON.parse(stdout) as {
      mcpServers: Record<string, { url: string; headers: { Authorization: string } }>;
    };
    const { url, headers } = mcpServers['team-tools'] ?? { url: '', headers: { Authorization: '' } };
    expect(url).toBe(`${server.gateway}/servers/team-tools/mcp`);
    const token = headers.Authorization.replace('Bearer ', '');
    await until('the gateway knows the token', async () => (await callModern(url, token, 'tools/list')).status === 200);
  });

  it('verifies and exports the audit log [CLI-8]', async () => {
    expect(await json(['audit', 'verify'])).toMatchObject({ valid: true, problems: [] });
    const exported = await json<{ state: string; records: number }>(['audit', 'export', '--action', 'user.create']);
    expect(exported).toMatchObject({ state: 'SUCCEEDED', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    expect(exported.records).toBeGreaterThan(0);
    const denied = await gatehouse(['audit', 'verify'], { as: 'bob' });
    expect(denied).toMatchObject({ code: 1, stderr: expect.stringContaining('FORBIDDEN') as string });
  });

  it('takes a token from the environment, and refuses one that is revoked [CLI-1]', async () => {
    const { secret } = await json<{ secret: string }>(['token', 'create', 'ci', '--scope', 'control:read']);
    const env = { GATEHOUSE_URL: server.controlPlane, GATEHOUSE_TOKEN: secret };
    expect(await json(['whoami'], { env, as: 'nobody' })).toMatchObject({ token: { name: 'ci' } });
    const write = await gatehouse(['team', 'create', 'no'], { env, as: 'nobody' });
    expect(write).toMatchObject({ code: 1, stderr: expect.stringContaining('FORBIDDEN') as string });
    await json(['token', 'revoke', 'ci']);
    expect((await gatehouse(['whoami'], { env, as: 'nobody' })).code).toBe(3);
  });

  it('logs in by token, and out again with the token revoked [CLI-1]', async () => {
    const { secret } = await json<{ secret: string }>([
      'token',
      'create',
      'carry',
      '--scope',
      'control:read',
      'control:write',
    ]);
    const login = ['login', '--url', server.controlPlane, '--token'];
    expect((await gatehouse(login, { stdin: `${secret}\n`, as: 'carry' })).code).toBe(0);
    expect(await json(['logout'], { as: 'carry' })).toMatchObject({ signedOut: true, revoked: true });
    expect((await gatehouse(['whoami'], { as: 'carry' })).code).toBe(3);
    expect((await gatehouse(login, { stdin: `${secret}\n`, as: 'carry' })).code).toBe(3);
  });
});

describe('exit codes and help [CLI-10]', () => {
  it.each([[['upstream', 'add']], [['nonsense']], [[]], [['token', 'create', 'x', '--for', 'ever']]])(
    'ends with 2 for a mistake on the command line: %j',
    async (args) => {
      expect((await gatehouse(args)).code).toBe(2);
    },
  );

  it('ends with 4 when nobody answers, and when it is not a control plane', async () => {
    const env = (url: string) => ({ GATEHOUSE_URL: url, GATEHOUSE_TOKEN: 'gth_x' });
    const gone = await startFixtureServer({ era: 'modern' });
    const { origin } = new URL(gone.url);
    const notOurs = await gatehouse(['whoami'], { env: env(origin) });
    expect(notOurs).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('not a Gatehouse control plane') as string,
    });
    await gone.close();
    const refused = await gatehouse(['whoami', '--json'], { env: env(origin) });
    expect(refused).toMatchObject({ code: 4, stdout: '' });
    expect(JSON.parse(refused.stderr)).toMatchObject({ errors: [{ code: 'UNREACHABLE' }] });
  });

  it.each([['--help'], ['login', '--help'], ['upstream', 'add', '--help'], ['client', 'config', '--help']])(
    'documents the exit codes within 80 columns: %s %s %s',
    async (...args) => {
      const { code, stdout } = await gatehouse(args.filter(Boolean));
      expect(code).toBe(0);
      expect(stdout).toContain('Exit codes: 0 ok, 1 failed, 2 usage, 3 not authenticated, 4 unreachable.');
      expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    },
  );
});

describe('commands that run the server', () => {
  const ports = ['CONTROL_PLANE', 'GATEWAY', 'WORKER', 'METRICS'].map(
    (name) => [`GATEHOUSE_${name}_PORT`, '0'] as const,
  );

  it('serve runs until it is told to stop, migrate brings the database up to date before [CLI-2]', async () => {
    const env = { ...Object.fromEntries(ports), GATEHOUSE_DATA_DIR: path.join(folder, 'data') };
    const first = await gatehouse(['migrate'], { env });
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('Migrated: ') as string });
    expect((await gatehouse(['migrate'], { env })).stdout).toContain('up to date');
    const serve = startCli('main.js', ['serve'], { env });
    await until('the server runs', () => serve.output.stderr.includes('Gatehouse is running.'), 60_000);
    serve.child.kill('SIGTERM');
    expect((await serve.ended).code).toBe(0);
  });

  it('passes the exit code of doctor on [CLI-3]', async () => {
    const good = { ...Object.fromEntries(ports), GATEHOUSE_DATA_DIR: path.join(folder, 'other') };
    const healthy = await gatehouse(['doctor', '--json'], { env: good });
    expect(healthy.code).toBe(0);
    expect(JSON.parse(healthy.stdout)).toContainEqual(expect.objectContaining({ name: 'configuration', status: 'ok' }));
    expect((await gatehouse(['doctor'], { env: { ...good, GATEHOUSE_GATEWAY_PORT: 'x' } })).code).toBe(1);
  });
});
