import { describe, expect, it } from 'vitest';
import type { TokenScope, UserActor } from '#kernel';
import { abilityFor } from './ability-for.js';
import { can, canType } from './can.js';
import { permissions, subjects } from './permissions.js';

const organizationId = 'organization-1';
const owner = (scope: TokenScope | null = null): UserActor => ({
  kind: 'user',
  userId: 'user-1',
  organizationId,
  sessionId: null,
  tokenId: scope && 'token-1',
  roles: [{ role: 'organization-owner', teamId: null }],
  scope,
});
const server = (id: string) =>
  ({ organizationId, id, ownerId: 'user-1', teamId: null, visibility: 'PRIVATE' }) as const;
const typesAllowed = (scope: TokenScope): string[] =>
  permissions
    .filter(({ subject, action }) => canType(abilityFor(owner(scope)), action, subject))
    .map((entry) => entry.name);

describe('abilityFor', () => {
  it('gives nothing to nobody', () => {
    const ability = abilityFor({ kind: 'anonymous', organizationId: null });
    expect(permissions.filter(({ subject, action }) => canType(ability, action, subject))).toEqual([]);
  });

  it('gives the program everything in the organization it works for', () => {
    const ability = abilityFor({ kind: 'system', organizationId, name: 'worker:sync-catalog' });
    expect(can(ability, 'update', 'Tool', server('tool-1'))).toBe(true);
    expect(can(ability, 'create', 'Organization', { organizationId, id: organizationId })).toBe(true);
    expect(can(ability, 'update', 'Tool', { ...server('tool-1'), organizationId: 'organization-2' })).toBe(false);
  });

  it('gives the program nothing without an organization or a name', () => {
    for (const actor of [
      { kind: 'system', organizationId: null, name: 'worker' },
      { kind: 'system', organizationId, name: '' },
    ] as const) {
      expect(subjects.filter((subject) => canType(abilityFor(actor), 'read', subject))).toEqual([]);
    }
  });

  it('narrows a token to the actions of its scopes, and to who am I', () => {
    const viewer = ['organization.read', 'user.read'];
    const names = (...actions: string[]) =>
      permissions.filter(({ action }) => actions.includes(action)).map((entry) => entry.name);
    expect(typesAllowed({ scopes: [], virtualServerId: null })).toEqual(viewer);
    expect(typesAllowed({ scopes: ['control:read'], virtualServerId: null })).toEqual(names('read'));
    expect(typesAllowed({ scopes: ['mcp'], virtualServerId: null }).toSorted()).toEqual(
      [...viewer, ...names('execute', 'passThrough')].toSorted(),
    );
    expect(typesAllowed({ scopes: ['control:write'], virtualServerId: null }).toSorted()).toEqual(
      [
        ...viewer,
        ...names('create', 'update', 'delete', 'spawn').filter((name) => name !== 'organization.create'),
      ].toSorted(),
    );
  });

  it('binds a token to one virtual server and nothing else', () => {
    const scope = { scopes: ['control:read', 'control:write', 'mcp'], virtualServerId: 'server-1' };
    expect(typesAllowed(scope)).toEqual([
      'organization.read',
      'user.read',
      'virtualServer.read',
      'virtualServer.execute',
    ]);
    const ability = abilityFor(owner(scope));
    expect(can(ability, 'execute', 'VirtualServer', server('server-1'))).toBe(true);
    expect(can(ability, 'execute', 'VirtualServer', server('server-2'))).toBe(false);
    expect(can(ability, 'read', 'User', { organizationId, id: 'user-2' })).toBe(false);
  });

  it('does not take words of a user for placeholders', () => {
    const ability = abilityFor({ ...owner(), roles: [] });
    expect(can(ability, 'execute', 'VirtualServer', { ...server('server-1'), ownerId: '$me' })).toBe(false);
  });
});

describe('can', () => {
  it('looks at frozen objects and at getters, and leaves no mark', () => {
    class Row {
      get organizationId(): string {
        return organizationId;
      }
      get userId(): string {
        return 'user-1';
      }
    }
    const ability = abilityFor(owner());
    expect(can(ability, 'create', 'ApiToken', Object.freeze({ organizationId, userId: 'user-1' }))).toBe(true);
    const row = new Row();
    expect(can(ability, 'create', 'ApiToken', row)).toBe(true);
    expect(Reflect.ownKeys(row)).toEqual([]);
  });
});
