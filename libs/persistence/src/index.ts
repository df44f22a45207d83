export { createOrm } from './create-orm.js';
export { migrateDatabase, schemaDifferences, type MigrateOptions } from './migrate-database.js';
export { refuseNewer, schemaState, waitForSchema, type SchemaState } from './schema-version.js';
export { assertMasterKey, masterKeyFingerprint } from './instance-settings.js';
export { IdentityStore, userActor, type StoredIdentity } from './identity-store.js';
export { SessionStore, type StoredSession } from './session-store.js';
export {
  outcomeOfError,
  UnitOfWork,
  type AuditRecorder,
  type Operation,
  type OperationReport,
  type ReadTransaction,
  type WriteTransaction,
} from './unit-of-work.js';
export { Repository, type NewRow, type Where } from './repositories/repository.js';
export type { SortOrder } from './repositories/page-window.js';
export type { Repositories } from './repositories/repositories.js';
export { ApiToken } from './entities/api-token.js';
export type { AuditEvent } from './entities/audit-event.js';
export { AuditExport } from './entities/audit-export.js';
export type { HealthCheck } from './entities/health-check.js';
export { Membership } from './entities/membership.js';
export type { Organization } from './entities/organization.js';
export type { Prompt } from './entities/prompt.js';
export type { ResourceTemplate } from './entities/resource-template.js';
export type { Resource } from './entities/resource.js';
export type { RoleBinding } from './entities/role-binding.js';
export type { SetupLink } from './entities/setup-link.js';
export { Team } from './entities/team.js';
export { Tool } from './entities/tool.js';
export { UpstreamOperation } from './entities/upstream-operation.js';
export { Upstream } from './entities/upstream.js';
export { User } from './entities/user.js';
export { VirtualServerEntry } from './entities/virtual-server-entry.js';
export { VirtualServer } from './entities/virtual-server.js';
