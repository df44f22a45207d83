import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { fingerprintJson } from '#crypto';
import { newId } from '#kernel';
import { startBrokenServer, startFixtureServer, textTool, type BrokenKind, type FixtureCatalogue } from '#testing';
import { createWorkerBench, firstTry, type WorkerBench } from './worker-container.js';

let bench: WorkerBench;
let worker: Awaited<ReturnType<WorkerBench['processors']>>;

beforeAll(async () => {
  bench = await createWorkerBench(inject('pgUrl'));
  worker = await bench.processors();
});
afterAll(() => bench[Symbol.asyncDispose]());

const tables = ['tools', 'resources', 'resource_templates', 'prompts'] as const;
const sync = async (upstreamId: string): Promise<Record<string, unknown>> => {
  const operationId = await bench.addOperation(upstreamId, 'SYNC');
  await worker.run['sync-catalog']({ organizationId: bench.organizationId, upstreamId, operationId }, firstTry());
  const row = await bench.one('select state, code, message, result from upstream_operations where id = $1', [
    operationId,
  ]);
  return { ...row, result: typeof row['result'] === 'string' ? JSON.parse(row['result']) : null };
};
const upstreamOf = (id: string) => bench.one('select * from upstreams where id = $1', [id]);
const rowsOf = async (id: string) =>
  Object.fromEntries(
    await Promise.all(
      tables.map(async (table) => [
        table,
        await bench.sql.query<Record<string, unknown>>(`select * from ${table} where upstream_id = $1 order by id`, [
          id,
        ]),
      ]),
    ),
  ) as Record<(typeof tables)[number], Record<string, unknown>[]>;
const byText = (left: string, right: string) => (left < right ? -1 : 1);
const namesOf = (rows: readonly Record<string, unknown>[]) => rows.map(({ name }) => String(name)).toSorted(byText);
const counts = (added: number, changed: number, removed: number, unchanged: number) => ({
  added,
  changed,
  removed,
  unchanged,
});
const toolNames = ['add', 'big', 'echo', 'fail', 'link', 'slow', 'structured', 'with-region'];

describe('a sync of a catalogue', () => {
  it.each([
    { era: 'legacy', sessions: true },
    { era: 'legacy', sse: true },
    { era: 'modern' },
    { era: 'dual' },
  ] as const)('stores everything that an upstream offers, every page: $era [CAT-1][CAT-2]', async (options) => {
    await using server = await startFixtureServer({ ...options, pageSize: 1 });
    const id = await bench.addUpstream({ url: server.url });
    expect(await sync(id)).toEqual({
      state: 'SUCCEEDED',
      code: null,
      message: null,
      result: {
        tools: counts(8, 0, 0, 0),
        resources: counts(2, 0, 0, 0),
        resourceTemplates: counts(1, 0, 0, 0),
        prompts: counts(2, 0, 0, 0),
        warnings: [],
      },
    });
    const rows = await rowsOf(id);
    expect(namesOf(rows.tools)).toEqual(toolNames);
    expect(
      Object.fromEntries(rows.resources.map(({ uri, name, title, mime_type }) => [uri, [name, title, mime_type]])),
    ).toEqual({
      'fixture://text': ['text', 'A text', 'text/plain'],
      'fixture://binary': ['binary', null, 'application/octet-stream'],
    });
    expect(rows.resource_templates).toMatchObject([{ uri_template: 'fixture://item/{id}', description: 'One item.' }]);
    expect(namesOf(rows.prompts)).toEqual(['simple', 'with-args']);
    const modern = options.era !== 'legacy';
    expect(await upstreamOf(id)).toMatchObject({
      era: modern ? 'MODERN' : 'LEGACY',
      protocol_version: modern ? '2026-07-28' : '2025-11-25',
      instructions: 'A fixture.',
      capabilities: '{"tools":{},"resources":{},"prompts":{}}',
      server_info: '{"name":"fixture","version":"1.0.0"}',
      health: 'HEALTHY',
    });
    expect(server.sessions.size).toBe(0);
  });

  it('keeps definitions whole, with a fingerprint that ignores the order of keys only [CAT-3]', async () => {
    const definition = {
      name: 'odd',
      inputSchema: { type: 'object' },
      vendor: { deep: [1, 'ü', null] },
      description: 'd',
    };
    const run = () => ({ content: [] });
    const catalogue: FixtureCatalogue = {
      tools: [{ definition, run }],
      resources: [],
      resourceTemplates: [],
      prompts: [],
    };
    await using server = await startFixtureServer({ era: 'modern', catalogue });
    const id = await bench.addUpstream({ url: server.url });
    await sync(id);
    const [before] = (await rowsOf(id)).tools;
    expect(before).toMatchObject({
      definition: JSON.stringify(definition),
      fingerprint: fingerprintJson(definition),
      description: 'd',
    });
    const revision = await bench.revision();
    const turned = Object.fromEntries(Object.entries(definition).toReversed());
    server.catalogue.tools = [{ definition: turned, run }];
    expect((await sync(id))['result']).toMatchObject({ tools: counts(0, 0, 0, 1) });
    expect((await rowsOf(id)).tools).toEqual([before]);
    expect(await bench.revision()).toBe(revision);

    server.catalogue.tools = [{ definition: { ...definition, vendor: { deep: [1, 'u', null] } }, run }];
    expect((await sync(id))['result']).toMatchObject({ tools: counts(0, 1, 0, 0) });
    expect(await bench.revision()).toBe(revision + 1);
  });

  it('touches nothing when nothing changed: no row, no revision, no audit record', async () => {
    await using server = await startFixtureServer({ era: 'dual' });
    const id = await bench.addUpstream({ url: server.url });
    await sync(id);
    const audited = () => bench.one('select count(*) as n from audit_events');
    const before = [await upstreamOf(id), await rowsOf(id), await bench.revision(), await audited()];
    expect(await sync(id)).toMatchObject({ state: 'SUCCEEDED', result: { tools: counts(0, 0, 0, 8) } });
    expect([await upstreamOf(id), await rowsOf(id), await bench.revision(), await audited()]).toEqual(before);
  });

  it('changes and removes what the upstream changed and removed; entries of virtual servers follow their row [WRK-3]', async () => {
    await using server = await startFixtureServer({ era: 'dual' });
    const id = await bench.addUpstream({ url: server.url });
    await sync(id);
    const before = (await rowsOf(id)).tools;
    const idOf = (name: string) => before.find((row) => row['name'] === name)?.['id'];
    const entries = await composeServer([idOf('echo'), idOf('add')]);
    const revision = await bench.revision();

    server.catalogue.tools = server.catalogue.tools.filter(({ definition }) => definition['name'] !== 'add');
    const echo = server.catalogue.tools.find(({ definition }) => definition['name'] === 'echo');
    Object.assign(echo?.definition ?? {}, { description: 'Says it once more.' });
    server.catalogue.tools.push(textTool('newcomer', 'Is new.', () => 'hello'));
    expect((await sync(id))['result']).toMatchObject({ tools: counts(1, 1, 1, 6) });

    const after = (await rowsOf(id)).tools;
    expect(namesOf(after)).toEqual([...toolNames.filter((name) => name !== 'add'), 'newcomer'].toSorted(byText));
    const changed = after.find(({ name }) => name === 'echo');
    expect(changed).toMatchObject({ id: idOf('echo'), description: 'Says it once more.' });
    expect(await entries()).toEqual([{ tool_id: idOf('echo'), exposed_name: 'exposed-0' }]);
    const kinds = await bench.sql.query('select kind from config_changes where revision > $1 order by kind', [
      revision,
    ]);
    expect(kinds.map((row) => (row as { kind: string }).kind)).toEqual([
      'tools',
      'tools',
      'tools',
      'virtual_server_entries',
    ]);
    const event = await bench.one(
      `select outcome, details from audit_events where action = 'upstream.sync' order by id desc limit 1`,
    );
    expect(JSON.parse(String(event['details']))).toMatchObject({ tools: counts(1, 1, 1, 6), health: 'HEALTHY' });
  });

  it('leaves out what cannot be stored, says so, and stores the rest', async () => {
    const run = () => ({ content: [] });
    const tool = (name: string, more = {}) => ({ definition: { name, inputSchema: { type: 'object' }, ...more }, run });
    const resource = (uri: string, name: string) => ({ definition: { uri, name }, contents: {} });
    const catalogue: FixtureCatalogue = {
      tools: [
        tool('x'.repeat(513)),
        tool('y'.repeat(512)),
        tool('nul\0'),
        tool('titled', { title: 'a\0b', description: 'c' }),
        tool('half', { description: '\ud800' }),
        tool('large', { description: 'z'.repeat(4096) }),
      ],
      resources: [
        resource(`long:${'ü'.repeat(1022)}`, 'too long'),
        resource(`long:${'ü'.repeat(1021)}`, 'n'.repeat(600)),
      ],
      resourceTemplates: [],
      prompts: [],
    };
    await using server = await startFixtureServer({ era: 'dual', catalogue });
    await using strict = await createWorkerBench(inject('pgUrl'), { GATEHOUSE_CATALOG_MAX_DEFINITION: '4KiB' });
    const id = await strict.addUpstream({ url: server.url });
    const operationId = await strict.addOperation(id, 'SYNC');
    const { run: processors } = await strict.processors();
    await processors['sync-catalog'](
      { organizationId: strict.organizationId, upstreamId: id, operationId },
      firstTry(),
    );
    const { state, result } = await strict.one('select state, result from upstream_operations where id = $1', [
      operationId,
    ]);
    const { warnings, tools, resources } = JSON.parse(String(result));
    expect([state, tools, resources]).toEqual(['SUCCEEDED', counts(2, 0, 0, 0), counts(1, 0, 0, 0)]);
    expect(warnings).toEqual([
      expect.stringMatching(/^tools: .*large.* is left out: it is larger than 4096 bytes/),
      expect.stringMatching(/^tools: x{80} is left out: its name is longer than 512 characters$/),
      'tools: nul\ufffd is left out: its name holds a NUL character',
      'tools: half is left out: it holds text that is not valid Unicode',
      expect.stringMatching(/^resources: long:ü{75} is left out: its uri is longer than 2048 bytes$/),
    ]);
    const stored = await strict.sql.query('select name, title from tools where upstream_id = $1 order by name', [id]);
    expect(stored).toEqual([
      { name: 'titled', title: 'a\ufffdb' },
      { name: 'y'.repeat(512), title: null },
    ]);
    expect(await strict.one('select length(name) as n from resources where upstream_id = $1', [id])).toEqual({
      n: 512,
    });
  });

  it('stores a large catalogue, and two syncs of it at once', async () => {
    const many = Array.from({ length: 1200 }, (_, index) => textTool(`tool-${index}`, 'x'.repeat(200), () => ''));
    const catalogue: FixtureCatalogue = { tools: many, resources: [], resourceTemplates: [], prompts: [] };
    await using server = await startFixtureServer({ era: 'dual', catalogue, pageSize: 400 });
    const id = await bench.addUpstream({ url: server.url });
    const results = await Promise.all([sync(id), sync(id)]);
    expect(results.map(({ state }) => state)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    expect((await rowsOf(id)).tools.length).toBe(1200);
    server.catalogue.tools = [];
    expect((await sync(id))['result']).toMatchObject({ tools: counts(0, 0, 1200, 0) });
    expect((await rowsOf(id)).tools).toEqual([]);
  });

  it('does nothing for an upstream of another organization', async () => {
    await using server = await startFixtureServer({ era: 'dual' });
    const id = await bench.addUpstream({ url: server.url });
    await worker.run['sync-catalog']({ organizationId: newId(), upstreamId: id, operationId: null }, firstTry());
    expect(server.requests).toEqual([]);
    expect((await rowsOf(id)).tools).toEqual([]);
  });
});

const broken: Record<BrokenKind, string> = {
  unreachable: 'UPSTREAM_UNREACHABLE',
  refused: 'UPSTREAM_REFUSED',
  tls: 'UPSTREAM_TLS',
  timeout: 'UPSTREAM_TIMEOUT',
  redirect: 'UPSTREAM_REDIRECT',
  unauthorized: 'UPSTREAM_UNAUTHORIZED',
  forbidden: 'UPSTREAM_FORBIDDEN',
  'server-error': 'UPSTREAM_SERVER_ERROR',
  'not-json': 'UPSTREAM_NOT_JSON',
  'not-mcp': 'UPSTREAM_NOT_MCP',
  'not-found': 'UPSTREAM_NOT_MCP',
  'unsupported-version': 'UPSTREAM_UNSUPPORTED_VERSION',
  'too-large': 'UPSTREAM_TOO_LARGE',
  'endless-pages': 'UPSTREAM_CATALOG_INVALID',
  'repeated-cursor': 'UPSTREAM_CATALOG_INVALID',
};

describe('a sync that fails', () => {
  it.each(Object.entries(broken) as [BrokenKind, string][])(
    'keeps the last good catalogue and says why: %s → %s [CAT-6][CAT-7]',
    async (kind, code) => {
      await using good = await startFixtureServer({ era: 'dual' });
      await using bad = await startBrokenServer(kind);
      const id = await bench.addUpstream({ url: good.url });
      await sync(id);
      const before = await rowsOf(id);
      await bench.sql.query('update upstreams set url = $2 where id = $1', [id, bad.url]);

      const operation = await sync(id);
      expect(operation).toMatchObject({ state: 'FAILED', code });
      expect(String(operation['message'])).toMatch(/^Upstream "up-\d+"/);
      expect(String(operation['message'])).not.toContain('secret');
      expect(await rowsOf(id)).toEqual(before);

      // A catalogue that cannot be read does not make an upstream unhealthy that answers: the check would disagree.
      const answers = code === 'UPSTREAM_CATALOG_INVALID';
      expect(await upstreamOf(id)).toMatchObject({
        health: answers ? 'HEALTHY' : 'UNHEALTHY',
        health_code: answers ? null : code,
      });
      const newest = await bench.one(
        'select status, code from health_checks where upstream_id = $1 order by id desc limit 1',
        [id],
      );
      expect(newest).toEqual({ status: answers ? 'HEALTHY' : 'UNHEALTHY', code });
    },
  );

  // Each page had its limit, all of them together had none: five such upstreams stopped the syncs of every organization.
  it('ends when an upstream makes it slow with ever more pages', async () => {
    await using slow = await createWorkerBench(inject('pgUrl'), {
      GATEHOUSE_CATALOG_TIMEOUT: '200ms',
      GATEHOUSE_CATALOG_MAX_PAGES: '100000',
      GATEHOUSE_CATALOG_MAX_OBJECTS: '1000000',
    });
    const { run } = await slow.processors();
    await using bad = await startBrokenServer('endless-pages');
    const upstreamId = await slow.addUpstream({ url: bad.url });
    const operationId = await slow.addOperation(upstreamId, 'SYNC');
    await run['sync-catalog']({ organizationId: slow.organizationId, upstreamId, operationId }, firstTry());
    expect(await slow.one('select state, code, message from upstream_operations where id = $1', [operationId])).toEqual(
      {
        state: 'FAILED',
        code: 'UPSTREAM_TIMEOUT',
        message: expect.stringContaining('GATEHOUSE_CATALOG_TIMEOUT'),
      },
    );
  });

  it('in the middle of the pages keeps all rows, too [CAT-7]', async () => {
    await using server = await startFixtureServer({ era: 'dual', pageSize: 2 });
    const id = await bench.addUpstream({ url: server.url });
    await sync(id);
    const before = await rowsOf(id);
    // The prompts are the last list to be read.
    Object.defineProperty(server.catalogue, 'prompts', {
      get: () => {
        throw new Error('the server breaks here');
      },
    });
    server.catalogue.tools = [];
    expect(await sync(id)).toMatchObject({ state: 'FAILED' });
    expect(await rowsOf(id)).toEqual(before);
  });
});

/** A virtual server with these tools; returns how to read its entries. */
async function composeServer(toolIds: readonly unknown[]) {
  const serverId = newId();
  await bench.sql.query(
    `insert into virtual_servers (id, organization_id, slug, name, description, visibility, owner_id, enabled, prefix_names, created_at, updated_at)
     values ($1, $2, 'composed', 'Composed', '', 'ORGANIZATION', $3, true, false, now(), now())`,
    [serverId, bench.organizationId, bench.userId],
  );
  for (const [index, toolId] of toolIds.entries()) {
    await bench.sql.query(
      `insert into virtual_server_entries (id, organization_id, virtual_server_id, kind, tool_id, exposed_name, created_at)
       values ($1, $2, $3, 'TOOL', $4, $5, now())`,
      [newId(), bench.organizationId, serverId, toolId, `exposed-${index}`],
    );
  }
  return () =>
    bench.sql.query('select tool_id, exposed_name from virtual_server_entries where virtual_server_id = $1', [
      serverId,
    ]);
}
