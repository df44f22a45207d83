import type { CatalogTable } from './catalog-rows.js';

const millis = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`;

const objects = (table: string, kind: string, key: string): string =>
  `select id, organization_id as "organizationId", upstream_id as "upstreamId", '${kind}' as kind, ${key} as key, definition,
     required_client_capabilities as requires
   from ${table} where true`;

/**
 * How the rows of each table are read, as in catalog-rows.ts; each ends in a condition that more may be joined to.
 * Columns that nothing depends on (times, descriptions) stay out: their changes rebuild nothing.
 */
export const tableQueries: Readonly<Record<CatalogTable, string>> = {
  organizations: `select id, organization_id as "organizationId", name from organizations where true`,
  users: `select id, organization_id as "organizationId", status from users where true`,
  memberships: `select id, organization_id as "organizationId", team_id as "teamId", user_id as "userId", role
    from memberships where true`,
  role_bindings: `select id, organization_id as "organizationId", user_id as "userId", role,
    ${millis('expires_at')} as "expiresAt" from role_bindings where true`,
  api_tokens: `select id, organization_id as "organizationId", user_id as "userId", token_hash as "tokenHash",
    array_to_string(scopes, ' ') as scopes, virtual_server_id as "virtualServerId", ${millis('expires_at')} as "expiresAt",
    rate_limit_per_minute as "rateLimitPerMinute", rate_limit_burst as "rateLimitBurst"
    from api_tokens where revoked_at is null and expires_at > now()`,
  upstreams: `select id, organization_id as "organizationId", slug, name, transport, url, command, shared,
    connect_timeout_ms as "connectTimeoutMs", headers_timeout_ms as "headersTimeoutMs",
    request_timeout_ms as "requestTimeoutMs", max_request_ms as "maxRequestMs", headers,
    forwarded_headers as "forwardedHeaders", visibility, owner_id as "ownerId",
    team_id as "teamId", enabled, auth_header as "authHeader", auth_secret as "authSecret", protocol_era as "protocolEra", era,
    protocol_version as "protocolVersion", capabilities, instructions, health, health_code as "healthCode"
    from upstreams where true`,
  tools: objects('tools', 'TOOL', 'name'),
  resources: objects('resources', 'RESOURCE', 'uri'),
  resource_templates: objects('resource_templates', 'RESOURCE_TEMPLATE', 'uri_template'),
  prompts: objects('prompts', 'PROMPT', 'name'),
  virtual_servers: `select id, organization_id as "organizationId", slug, name, visibility, owner_id as "ownerId",
    team_id as "teamId", enabled, instructions from virtual_servers where true`,
  virtual_server_entries: `select id, organization_id as "organizationId", virtual_server_id as "virtualServerId", kind,
    coalesce(tool_id, resource_id, resource_template_id, prompt_id) as "objectId", exposed_name as "exposedName",
    name_override as "nameOverride", description_override as "descriptionOverride"
    from virtual_server_entries where true`,
};

/** Every table, in the order in which rows are read. */
export const catalogTables = Object.keys(tableQueries) as readonly CatalogTable[];

/** Whether a change of this kind concerns the snapshot; teams, for one, matter through memberships only. */
export const isCatalogTable = (kind: string): kind is CatalogTable => Object.hasOwn(tableQueries, kind);
