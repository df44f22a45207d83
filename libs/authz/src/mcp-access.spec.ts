import { describe, expect, it } from 'vitest';
import type { TokenScope } from '#kernel';
import { mcpAccessFor } from './mcp-access.js';
import type { SharedObject } from './shared-object.js';

const organizationId = 'organization-1';
const ofTeam = (id: string, teamId = 'team-1'): SharedObject => ({
  organizationId,
  id,
  ownerId: 'user-2',
  teamId,
  visibility: 'TEAM',
});
const developer = (scope: TokenScope | null) =>
  mcpAccessFor({ userId: 'user-1', organizationId, roles: [{ role: 'team-developer', teamId: 'team-1' }], scope });

describe('mcpAccessFor', () => {
  it('lets a developer use what the team has, untouched as well', () => {
    const access = developer({ scopes: ['mcp'], virtualServerId: null });
    expect(access.execute('Tool', ofTeam('tool-1'))).toBe(true);
    expect(access.passThrough(ofTeam('upstream-1'))).toBe(true);
    expect(access.execute('Tool', ofTeam('tool-2', 'team-2'))).toBe(false);
  });

  it('lets a bound token execute its server and no object on its own', () => {
    const access = developer({ scopes: ['mcp'], virtualServerId: 'server-1' });
    expect(access.execute('VirtualServer', ofTeam('server-1'))).toBe(true);
    expect(access.execute('VirtualServer', ofTeam('server-2'))).toBe(false);
    expect(access.execute('Tool', ofTeam('tool-1'))).toBe(false);
    expect(access.passThrough(ofTeam('upstream-1'))).toBe(false);
  });

  it('lets a token without the mcp scope execute nothing', () => {
    const access = developer({ scopes: ['control:read', 'control:write'], virtualServerId: null });
    expect(access.read('Tool', ofTeam('tool-1'))).toBe(true);
    expect(access.execute('Tool', ofTeam('tool-1'))).toBe(false);
  });
});
