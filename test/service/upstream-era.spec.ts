import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPool, type DatabasePool } from '#postgres';
import {
  startTestControlPlane,
  type GraphqlAnswer,
  type TestControlPlane,
  type TestUser,
} from './control-plane-harness.js';

const fields = 'id transport protocolEra era protocolVersion health';
const create = `mutation($input: CreateUpstreamInput!) { createUpstream(input: $input) { upstream { ${fields} } userErrors { field code message } } }`;
const update = `mutation($input: UpdateUpstreamInput!) { updateUpstream(input: $input) { upstream { ${fields} } userErrors { field code message } } }`;
const url = 'https://mcp.example.com/mcp';

describe('the era of an upstream', () => {
  let cp: TestControlPlane;
  let sql: DatabasePool;
  let admin: TestUser;
  let count = 0;

  beforeAll(async () => {
    cp = await startTestControlPlane();
    sql = createPool({ url: cp.databaseUrl, max: 1 });
    admin = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-admin' });
  });
  afterAll(async () => {
    await sql.end();
    await cp[Symbol.asyncDispose]();
  });

  const make = (input: object) =>
    admin.query(create, { input: { slug: `u-${(count += 1)}`, name: 'x', url, ...input } });
  const change = (id: string, input: object) => admin.query(update, { input: { id, ...input } });
  const payloadOf = ({ errors, data }: GraphqlAnswer) => {
    expect(errors).toEqual([]);
    return Object.values(data)[0] as { upstream: Record<string, unknown> & { id: string }; userErrors: object[] };
  };
  const done = (answer: GraphqlAnswer) => {
    const { upstream, userErrors } = payloadOf(answer);
    expect(userErrors).toEqual([]);
    return upstream;
  };
  const rowId = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1];
  const found = (id: string, era: string, transport = 'STREAMABLE_HTTP') =>
    sql.query(
      `update upstreams set era = $2, protocol_version = '2025-11-25', server_info = '{}', capabilities = '{}',
         transport = $3, health = 'HEALTHY' where id = $1`,
      [rowId(id), era, transport],
    );

  it('[ERA-1] is AUTO unless an administrator sets it, and is told in the audit log', async () => {
    expect(done(await make({}))).toMatchObject({ protocolEra: 'AUTO', era: null });
    expect(done(await make({ protocolEra: null }))['protocolEra']).toBe('AUTO');
    expect(done(await make({ protocolEra: 'MODERN' }))).toMatchObject({ protocolEra: 'MODERN', era: null });
    const [last] = (await cp.audit()).filter(({ action }) => action === 'upstream.create').slice(-1);
    expect(JSON.parse(last?.details ?? '{}')).toMatchObject({ protocolEra: 'MODERN', url });
  });

  it('[ERA-1] is changed with a new sync and a new revision, and without what was found in another one', async () => {
    const { id } = done(await make({}));
    await found(id, 'MODERN');
    cp.jobs.splice(0);
    const revision = async () =>
      (await sql.query<{ revision: number }>('select max(revision)::int as revision from config_changes'))[0]
        ?.revision ?? 0;
    const before = await revision();
    expect(done(await change(id, { protocolEra: 'LEGACY' }))).toMatchObject({
      ...{ protocolEra: 'LEGACY', era: null, protocolVersion: null, health: 'UNKNOWN' },
    });
    expect(await revision()).toBe(before + 1);
    expect(cp.jobs.map(({ queue }) => queue)).toEqual(['sync-catalog']);
    await found(id, 'LEGACY');
    // The same once more, or nothing about it, changes nothing.
    for (const input of [{ protocolEra: 'LEGACY' }, { protocolEra: null }, { name: 'y' }])
      expect(done(await change(id, input))).toMatchObject({ protocolEra: 'LEGACY', era: 'LEGACY', health: 'HEALTHY' });
    expect(cp.jobs).toHaveLength(1);
    expect(done(await change(id, { protocolEra: 'AUTO' }))).toMatchObject({ protocolEra: 'AUTO', era: null });
    expect(cp.jobs).toHaveLength(2);
    const details = (await cp.audit()).filter(({ action }) => action === 'upstream.update').map((one) => one.details);
    expect(details.map((text) => JSON.parse(text) as object)).toMatchObject([
      { changed: ['protocolEra'], protocolEra: 'LEGACY' },
      { changed: ['protocolEra'] },
      { changed: ['protocolEra'] },
      { changed: ['name'] },
      { changed: ['protocolEra'], protocolEra: 'AUTO' },
    ]);
  });

  it('[ERA-1] is one of three values', async () => {
    for (const protocolEra of ['legacy', '2025-11-25', '', 'BOTH', 1, ['LEGACY']]) {
      const answer = await make({ protocolEra });
      expect([answer.status, answer.text], String(protocolEra)).toEqual([
        400,
        expect.stringContaining('input.protocolEra'),
      ]);
    }
    const { id } = done(await make({}));
    await expect(sql.query("update upstreams set protocol_era = 'AUTO' where id = $1", [rowId(id)])).rejects.toThrow(
      'constraint',
    );
  });

  it('[ERA-1] is not for those who may not change the upstream', async () => {
    const { id } = done(await make({ visibility: 'ORGANIZATION' }));
    const member = await cp.seed.user(cp.organizationId, {});
    const refused = await member.query(update, { input: { id, protocolEra: 'LEGACY' } });
    expect(refused.errors[0]?.extensions['code']).toBe('FORBIDDEN');
  });

  it('[ERA-2] is never MODERN over HTTP+SSE', async () => {
    const refusal = (field: string, text: string) => ({
      ...{ upstream: null },
      userErrors: [{ field, code: 'BAD_USER_INPUT', message: expect.stringContaining(text) }],
    });
    const hint = 'Set transport to STREAMABLE_HTTP';
    expect(payloadOf(await make({ transport: 'SSE', protocolEra: 'MODERN' }))).toEqual(refusal('protocolEra', hint));
    const old = done(await make({ transport: 'SSE', protocolEra: 'LEGACY' }));
    expect(payloadOf(await change(old.id, { protocolEra: 'MODERN' }))).toEqual(refusal('protocolEra', hint));
    const young = done(await make({ protocolEra: 'MODERN' }));
    expect(payloadOf(await change(young.id, { transport: 'SSE' }))).toEqual(refusal('transport', 'AUTO or LEGACY'));
    expect(done(await change(young.id, { transport: 'SSE', protocolEra: 'AUTO' }))).toMatchObject({ transport: 'SSE' });
    // Found there by a check, not registered so.
    const upgraded = done(await make({}));
    await found(upgraded.id, 'LEGACY', 'SSE');
    expect(payloadOf(await change(upgraded.id, { protocolEra: 'MODERN' }))).toEqual(refusal('protocolEra', hint));
    expect(done(await change(upgraded.id, { protocolEra: 'MODERN', transport: 'STREAMABLE_HTTP' }))).toMatchObject({
      ...{ protocolEra: 'MODERN', transport: 'STREAMABLE_HTTP' },
    });
  });
});
