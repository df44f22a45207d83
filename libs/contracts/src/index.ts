export {
  apiTokenClaims,
  apiTokenScopes,
  type ApiTokenClaims,
  type ApiTokenScope,
  type RateLimit,
} from './api-token.js';
export { auditOutcomes, type AuditEventDraft, type AuditOutcome } from './audit-event.js';
export {
  catalogKinds,
  eras,
  healthStates,
  operationKinds,
  operationStates,
  organizationRoles,
  protocolEras,
  teamRoles,
  upstreamTransports,
  userStatuses,
  visibilities,
  type CatalogKind,
  type Era,
  type ForwardedHeader,
  type HealthState,
  type OperationKind,
  type OperationState,
  type OrganizationRole,
  type ProtocolEra,
  type TeamRole,
  type UpstreamTransport,
  type UserStatus,
  type Visibility,
} from './catalog.js';
export {
  capabilityMask,
  clientCapabilities,
  isOffered,
  type ClientCapability,
  type RequiredClientCapabilities,
} from './client-capabilities.js';
export { aggregatedName, aggregatedUri, originalUri } from './naming.js';
export { jobPayloads, type JobPayload, type QueueName } from './jobs.js';
