export { abilityFor, type AppAbility, type Principal } from './ability-for.js';
export { assertCan, assertCanChange, assertCanType } from './assert-can.js';
export { assertMayGrant, assertMayManageUser, type RoleGrant } from './assert-may-grant.js';
export { assertMayIssue } from './assert-may-issue.js';
export { can, canType } from './can.js';
export { filterFor, type PlainFilter } from './filter-for.js';
export { mcpAccessFor, type McpAccess, type McpSubject } from './mcp-access.js';
export {
  permissions,
  subjects,
  type Permission,
  type PermissionEntry,
  type Subject,
  type SubjectAttributes,
} from './permissions.js';
export { type BuiltInRole } from './roles.js';
export type { SharedObject } from './shared-object.js';
export type { Action } from './subject-definition.js';
