import type { ApiTokenScope } from '#contracts';
import type { TokenScope } from '#kernel';
import type { Action } from './subject-definition.js';
import type { Condition } from './role-rule.js';
import type { PermissionEntry } from './permissions.js';

const scopeOfAction: Readonly<Record<Action, ApiTokenScope>> = {
  read: 'control:read',
  readBody: 'control:read',
  create: 'control:write',
  update: 'control:write',
  delete: 'control:write',
  spawn: 'control:write',
  execute: 'mcp',
  passThrough: 'mcp',
};

/**
 * What is left of one permission under an API token: the further condition that objects must meet, or `null` when the
 * token does not carry it at all. A token for one virtual server reads and executes that server and nothing else.
 */
export function narrowedBy(scope: TokenScope | null, { subject, action }: PermissionEntry): Condition | null {
  if (scope === null) return {};
  if (!scope.scopes.includes(scopeOfAction[action])) return null;
  if (scope.virtualServerId === null) return {};
  const reaches = subject === 'VirtualServer' && (action === 'read' || action === 'execute');
  return reaches ? { id: scope.virtualServerId } : null;
}
