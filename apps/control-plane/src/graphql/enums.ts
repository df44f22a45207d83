import { registerEnumType } from '@nestjs/graphql';
import {
  apiTokenScopes,
  auditOutcomes,
  catalogKinds,
  clientCapabilities,
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
} from '#contracts';

/** A GraphQL enum over the values of a contract: `team-admin` is spelled `TEAM_ADMIN`. */
function enumOf<V extends string>(name: string, values: readonly V[], description: string): Record<string, V> {
  const entries = values.map((value) => [value.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_'), value] as const);
  const enumeration = Object.fromEntries(entries) as Record<string, V>;
  registerEnumType(enumeration, { name, description });
  return enumeration;
}

export const VisibilityEnum = enumOf(
  'Visibility',
  visibilities,
  'Who may see an object: its owner, its team, everyone.',
);
export const EraEnum = enumOf('Era', eras, 'The family of MCP revisions that an upstream speaks.');
export const ProtocolEraEnum = enumOf(
  'ProtocolEra',
  protocolEras,
  'The era in which an upstream is spoken to: the one that a check finds, or this one and no other.',
);
export const UpstreamTransportEnum = enumOf('UpstreamTransport', upstreamTransports, 'How an upstream is reached.');
export const HealthStateEnum = enumOf('HealthState', healthStates, 'What the last check said.');
export const CatalogKindEnum = enumOf('CatalogKind', catalogKinds, 'The kinds of objects that an MCP server offers.');
export const ClientCapabilityEnum = enumOf(
  'ClientCapability',
  clientCapabilities,
  'What a client can declare that a server may ask of it.',
);
export const OperationKindEnum = enumOf('OperationKind', operationKinds, 'What the worker was asked to do.');
export const OperationStateEnum = enumOf('OperationState', operationStates, 'How far background work has come.');
export const OrganizationRoleEnum = enumOf(
  'OrganizationRole',
  organizationRoles,
  'A role over the whole organization.',
);
export const TeamRoleEnum = enumOf('TeamRole', teamRoles, 'A role inside one team.');
export const UserStatusEnum = enumOf('UserStatus', userStatuses, 'Whether a user may sign in.');
export const ApiTokenScopeEnum = enumOf('ApiTokenScope', apiTokenScopes, 'What an API token is narrowed to.');
export const AuditOutcomeEnum = enumOf('AuditOutcome', auditOutcomes, 'How an audited operation ended.');
