import { filterFor, type AppAbility, type Subject } from '#authz';
import type { Repositories, Where } from '#persistence';

/** How rows of one GraphQL type are found and who may read them. */
export interface Loadable<R extends keyof Repositories = keyof Repositories> {
  readonly repository: R;
  /** The rows that the caller may read. */
  readonly readable: (ability: AppAbility) => Where;
}

const bySubject = <R extends keyof Repositories>(repository: R, subject: Subject): Loadable<R> => ({
  repository,
  readable: (ability) => filterFor(ability, 'read', subject),
});

/** For rows that are readable whenever the row they belong to is: `property` refers to it. */
const byParent = <R extends keyof Repositories>(repository: R, property: string, subject: Subject): Loadable<R> => ({
  repository,
  readable: (ability) => ({ [property]: filterFor(ability, 'read', subject) }),
});

/** Every GraphQL type that is a row: what `node(id)` and the data loaders find. */
export const loadables = {
  Organization: bySubject('organizations', 'Organization'),
  User: bySubject('users', 'User'),
  Team: bySubject('teams', 'Team'),
  Membership: bySubject('memberships', 'Membership'),
  RoleBinding: bySubject('roleBindings', 'RoleBinding'),
  ApiToken: bySubject('apiTokens', 'ApiToken'),
  Upstream: bySubject('upstreams', 'Upstream'),
  Tool: bySubject('tools', 'Tool'),
  Resource: bySubject('resources', 'Resource'),
  ResourceTemplate: bySubject('resourceTemplates', 'ResourceTemplate'),
  Prompt: bySubject('prompts', 'Prompt'),
  VirtualServer: bySubject('virtualServers', 'VirtualServer'),
  VirtualServerEntry: byParent('virtualServerEntries', 'virtualServerId', 'VirtualServer'),
  HealthCheck: byParent('healthChecks', 'upstreamId', 'Upstream'),
  UpstreamOperation: byParent('upstreamOperations', 'upstreamId', 'Upstream'),
  AuditEvent: bySubject('auditEvents', 'AuditEvent'),
  AuditExport: { repository: 'auditExports', readable: (ability) => filterFor(ability, 'read', 'AuditEvent') },
} as const satisfies Record<string, Loadable>;

/** The name of a type in {@link loadables}. */
export type LoadableName = keyof typeof loadables;

/** The row behind a type. */
export type RowOf<K extends LoadableName> = NonNullable<
  Awaited<ReturnType<Repositories[(typeof loadables)[K]['repository']]['findOne']>>
>;
