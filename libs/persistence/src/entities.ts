import { ApiTokenUsage } from './entities/api-token-usage.js';
import { ApiToken } from './entities/api-token.js';
import { AuditEvent } from './entities/audit-event.js';
import { AuditExport } from './entities/audit-export.js';
import { CatalogSyncRequest } from './entities/catalog-sync-request.js';
import { CatalogSyncStart } from './entities/catalog-sync-start.js';
import { ConfigChange } from './entities/config-change.js';
import { HealthCheck } from './entities/health-check.js';
import { Membership } from './entities/membership.js';
import { Organization } from './entities/organization.js';
import { Prompt } from './entities/prompt.js';
import { ResourceTemplate } from './entities/resource-template.js';
import { Resource } from './entities/resource.js';
import { RoleBinding } from './entities/role-binding.js';
import { Session } from './entities/session.js';
import { SetupLink } from './entities/setup-link.js';
import { Team } from './entities/team.js';
import { Tool } from './entities/tool.js';
import { UpstreamOperation } from './entities/upstream-operation.js';
import { Upstream } from './entities/upstream.js';
import { User, userSchema } from './entities/user.js';
import { VirtualServerEntry } from './entities/virtual-server-entry.js';
import { VirtualServer } from './entities/virtual-server.js';

// Added here: user.ts and membership.ts would import each other. Only filters walk this relation (authz rules on users),
// so the entity's type does not carry it.
userSchema.addOneToMany('memberships' as never, Membership.name, {
  kind: '1:m',
  entity: () => Membership,
  mappedBy: 'userId',
} as never);

/** Every entity, for the ORM. */
export const entities = [
  Organization,
  User,
  Team,
  Membership,
  RoleBinding,
  Upstream,
  Tool,
  Resource,
  ResourceTemplate,
  Prompt,
  VirtualServer,
  VirtualServerEntry,
  ApiToken,
  ApiTokenUsage,
  CatalogSyncRequest,
  CatalogSyncStart,
  HealthCheck,
  UpstreamOperation,
  AuditEvent,
  AuditExport,
  ConfigChange,
  Session,
  SetupLink,
];
