import { buildSchema, type GraphQLObjectType } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { accessTable, type Access } from '../../apps/control-plane/src/graphql/access-table.js';
import { printGatehouseSchema } from '../../apps/control-plane/src/graphql/print-schema.js';
import { permissions } from '#authz';
import { graphql, startTestControlPlane } from './control-plane-harness.js';
import { senselessOperations } from './senseless-operations.js';

describe('the table of who may', () => {
  let text: string;

  beforeAll(async () => {
    text = await printGatehouseSchema();
  });

  it.each(['Query', 'Mutation'] as const)('names exactly the fields of %s', (type) => {
    const root = buildSchema(text).getType(type) as GraphQLObjectType;
    expect(Object.keys(accessTable[type]).sort()).toEqual(Object.keys(root.getFields()).sort());
  });

  it('refuses a field that it does not name', async () => {
    await using cp = await startTestControlPlane();
    const owner = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-owner' });
    const table = accessTable.Query as Record<string, Access>;
    const { teams } = table;
    delete table.teams;
    try {
      const answer = await owner.query('{ teams { edges { cursor } } viewer { user { email } } }');
      expect(answer.errors[0]).toMatchObject({ path: ['teams'], extensions: { code: 'FORBIDDEN' } });
    } finally {
      if (teams) table.teams = teams;
    }
  });

  it('lets nobody unknown in, except to sign in, and a token of one virtual server no further than viewer [GQL-14] [BAD-1]', async () => {
    await using cp = await startTestControlPlane();
    const owner = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-owner' });
    await cp.seed.write(cp.organizationId, async (tx) => {
      const server = tx.virtualServers.create({
        ...{ slug: 'bound', name: 'Bound', description: '', visibility: 'ORGANIZATION', ownerId: owner.id },
        ...{ teamId: null, enabled: true, prefixNames: false, instructions: null },
      });
      for (const token of await tx.apiTokens.list({ userId: owner.id })) token.virtualServerId = server.id;
    });
    for (const type of ['Query', 'Mutation'] as const) {
      for (const { name, text, variables } of await senselessOperations(type)) {
        if (accessTable[type][name]?.needs === 'anyone') continue;
        const codes = [await graphql(cp.url, text, variables), await owner.query(text, variables)].map(
          ({ errors }) => errors[0]?.extensions.code,
        );
        expect([name, ...codes]).toEqual([name, 'UNAUTHENTICATED', name === 'viewer' ? undefined : 'FORBIDDEN']);
      }
    }
  });

  it('asks for permissions of the catalogue only', () => {
    const known = new Set<string>(['anyone', 'signed-in', ...permissions.map(({ name }) => name)]);
    const asked = Object.values(accessTable).flatMap((fields) => Object.values(fields).map(({ needs }) => needs));
    expect(asked.filter((needs) => !known.has(needs))).toEqual([]);
  });

  it('is printed as a schema that is sorted and the same every time', async () => {
    expect(await printGatehouseSchema()).toBe(text);
    expect(text).toContain('type Team implements Node {');
    expect(text).not.toMatch(/password_?hash|tokenHash|authSecret:(?! String$)/im);
  });
});
