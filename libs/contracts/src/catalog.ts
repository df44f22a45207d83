/** Who may see a catalogue object: its owner, its team, or the whole organization. */
export const visibilities = ['PRIVATE', 'TEAM', 'ORGANIZATION'] as const;
/** See {@link visibilities}. */
export type Visibility = (typeof visibilities)[number];

/** The two families of MCP revisions: sessions and `initialize` (2024-11-05 … 2025-11-25), or stateless (2026-07-28). */
export const eras = ['LEGACY', 'MODERN'] as const;
/** See {@link eras}. */
export type Era = (typeof eras)[number];

/** What an administrator may say about the era of an upstream: what a check finds, or this one and nothing else. */
export const protocolEras = ['AUTO', ...eras] as const;
/** See {@link protocolEras}. */
export type ProtocolEra = (typeof protocolEras)[number];

/** How an upstream is reached: over streamable HTTP, over HTTP+SSE (2024-11-05), or as a child process of ours. */
export const upstreamTransports = ['STREAMABLE_HTTP', 'SSE', 'STDIO'] as const;
/** See {@link upstreamTransports}. */
export type UpstreamTransport = (typeof upstreamTransports)[number];

/** A header of the client that an upstream gets, and the name under which it gets it; both in lower case. */
export interface ForwardedHeader {
  readonly from: string;
  readonly to: string;
}

/** What the last check of an upstream said. */
export const healthStates = ['UNKNOWN', 'HEALTHY', 'UNHEALTHY'] as const;
/** See {@link healthStates}. */
export type HealthState = (typeof healthStates)[number];

/** The kinds of objects that an MCP server offers. */
export const catalogKinds = ['TOOL', 'RESOURCE', 'RESOURCE_TEMPLATE', 'PROMPT'] as const;
/** See {@link catalogKinds}. */
export type CatalogKind = (typeof catalogKinds)[number];

/** What `checkUpstream` and `syncUpstream` ask the worker to do. */
export const operationKinds = ['CHECK', 'SYNC'] as const;
/** See {@link operationKinds}. */
export type OperationKind = (typeof operationKinds)[number];

/** How far a unit of background work has come. */
export const operationStates = ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED'] as const;
/** See {@link operationStates}. */
export type OperationState = (typeof operationStates)[number];

/** Roles over the whole organization, kept as role bindings. */
export const organizationRoles = ['organization-owner', 'organization-admin', 'organization-auditor'] as const;
/** See {@link organizationRoles}. */
export type OrganizationRole = (typeof organizationRoles)[number];

/** Roles inside one team, kept on the membership. */
export const teamRoles = ['team-admin', 'team-developer', 'team-member'] as const;
/** See {@link teamRoles}. */
export type TeamRole = (typeof teamRoles)[number];

/** Whether a user may sign in. */
export const userStatuses = ['ACTIVE', 'DISABLED'] as const;
/** See {@link userStatuses}. */
export type UserStatus = (typeof userStatuses)[number];
