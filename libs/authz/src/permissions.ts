import type { Action, SubjectDefinition } from './subject-definition.js';
import { apiToken, type ApiTokenAttributes } from './subjects/api-token.js';
import { auditEvent, type AuditEventAttributes } from './subjects/audit-event.js';
import { healthCheck, type HealthCheckAttributes } from './subjects/health-check.js';
import { membership, type MembershipAttributes } from './subjects/membership.js';
import { organization, type OrganizationAttributes } from './subjects/organization.js';
import { prompt, type PromptAttributes } from './subjects/prompt.js';
import { resource, type ResourceAttributes } from './subjects/resource.js';
import { resourceTemplate, type ResourceTemplateAttributes } from './subjects/resource-template.js';
import { roleBinding, type RoleBindingAttributes } from './subjects/role-binding.js';
import { team, type TeamAttributes } from './subjects/team.js';
import { tool, type ToolAttributes } from './subjects/tool.js';
import { upstream, type UpstreamAttributes } from './subjects/upstream.js';
import { user, type UserAttributes } from './subjects/user.js';
import { virtualServer, type VirtualServerAttributes } from './subjects/virtual-server.js';

/** The attributes that rules look at, by subject. */
export interface SubjectAttributes {
  readonly Organization: OrganizationAttributes;
  readonly User: UserAttributes;
  readonly Team: TeamAttributes;
  readonly Membership: MembershipAttributes;
  readonly RoleBinding: RoleBindingAttributes;
  readonly ApiToken: ApiTokenAttributes;
  readonly Upstream: UpstreamAttributes;
  readonly Tool: ToolAttributes;
  readonly Resource: ResourceAttributes;
  readonly ResourceTemplate: ResourceTemplateAttributes;
  readonly Prompt: PromptAttributes;
  readonly VirtualServer: VirtualServerAttributes;
  readonly AuditEvent: AuditEventAttributes;
  readonly HealthCheck: HealthCheckAttributes;
}

/** A kind of object that permissions exist for. */
export type Subject = keyof SubjectAttributes;

/** Every subject with its permissions: adding one here is the only way to get a new permission. */
export const subjectDefinitions = {
  Organization: organization,
  User: user,
  Team: team,
  Membership: membership,
  RoleBinding: roleBinding,
  ApiToken: apiToken,
  Upstream: upstream,
  Tool: tool,
  Resource: resource,
  ResourceTemplate: resourceTemplate,
  Prompt: prompt,
  VirtualServer: virtualServer,
  AuditEvent: auditEvent,
  HealthCheck: healthCheck,
} as const satisfies Record<Subject, SubjectDefinition>;

type Definitions = typeof subjectDefinitions;

/** The name of a permission, for example `upstream.update` or `auditEvent.readBody`. */
export type Permission = {
  [S in Subject]: `${Uncapitalize<S>}.${keyof Definitions[S]['permissions'] & Action}`;
}[Subject];

/** One line of the permission catalogue. */
export interface PermissionEntry {
  readonly name: Permission;
  readonly subject: Subject;
  readonly action: Action;
  /** One sentence: what holding it allows. */
  readonly description: string;
}

/** Every subject, in the order of the catalogue. */
export const subjects = Object.keys(subjectDefinitions) as readonly Subject[];

/** The closed catalogue of permissions. */
export const permissions: readonly PermissionEntry[] = subjects.flatMap((subject) =>
  Object.entries(subjectDefinitions[subject].permissions).map(([action, description]) => ({
    name: `${subject.charAt(0).toLowerCase()}${subject.slice(1)}.${action}` as Permission,
    subject,
    action: action as Action,
    description,
  })),
);

const byName = new Map(permissions.map((entry) => [entry.name, entry]));

/** The catalogue line of a permission; throws for a name that only a cast can have produced. */
export function permissionEntry(name: Permission): PermissionEntry {
  const entry = byName.get(name);
  if (!entry) throw new Error(`Permission ${name} is not in the catalogue.`);
  return entry;
}
