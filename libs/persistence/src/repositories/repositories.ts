import type { EntityManager } from '@mikro-orm/postgresql';
import { ApiToken } from '../entities/api-token.js';
import { AuditEvent } from '../entities/audit-event.js';
import { AuditExport } from '../entities/audit-export.js';
import { HealthCheck } from '../entities/health-check.js';
import { Membership } from '../entities/membership.js';
import { Organization } from '../entities/organization.js';
import { Prompt } from '../entities/prompt.js';
import { ResourceTemplate } from '../entities/resource-template.js';
import { Resource } from '../entities/resource.js';
import { RoleBinding } from '../entities/role-binding.js';
import { SetupLink } from '../entities/setup-link.js';
import { Team } from '../entities/team.js';
import { Tool } from '../entities/tool.js';
import { UpstreamOperation } from '../entities/upstream-operation.js';
import { Upstream } from '../entities/upstream.js';
import { User } from '../entities/user.js';
import { VirtualServerEntry } from '../entities/virtual-server-entry.js';
import { VirtualServer } from '../entities/virtual-server.js';
import { Repository } from './repository.js';

/** One repository per entity that use cases touch. */
export const repositoriesOf = (em: EntityManager, organizationId: string) => {
  const of = <T extends { id: string }>(entity: new () => T) => new Repository<T>(em, entity, organizationId);
  return {
    organizations: of(Organization),
    users: of(User),
    teams: of(Team),
    memberships: of(Membership),
    roleBindings: of(RoleBinding),
    apiTokens: of(ApiToken),
    upstreams: of(Upstream),
    tools: of(Tool),
    resources: of(Resource),
    resourceTemplates: of(ResourceTemplate),
    prompts: of(Prompt),
    virtualServers: of(VirtualServer),
    virtualServerEntries: of(VirtualServerEntry),
    healthChecks: of(HealthCheck),
    upstreamOperations: of(UpstreamOperation),
    auditEvents: of(AuditEvent),
    auditExports: of(AuditExport),
    setupLinks: of(SetupLink),
  };
};

/** See {@link repositoriesOf}. */
export type Repositories = ReturnType<typeof repositoriesOf>;
