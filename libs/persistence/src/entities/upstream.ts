import { defineEntity, p } from '@mikro-orm/core';
import { eras, healthStates, upstreamTransports, visibilities } from '#contracts';
import { identified } from './identified.js';
import { timestamped } from './timestamped.js';
import { Team } from './team.js';
import { User } from './user.js';

const schema = defineEntity({
  name: 'Upstream',
  tableName: 'upstreams',
  properties: {
    ...identified,
    slug: p.string().length(32),
    name: p.string().length(200),
    description: p.string().length(2000),
    transport: p.enum(upstreamTransports).default('STREAMABLE_HTTP'),
    /** Null exactly for STDIO. */
    url: p.string().length(2000).strictNullable(),
    /** STDIO: the name of a command in the allow list of the configuration. */
    command: p.string().length(100).strictNullable(),
    /** STDIO: one child for all principals of a process. */
    shared: p.boolean().default(false),
    /** Null: the default of the settings. */
    connectTimeoutMs: p.integer().strictNullable(),
    headersTimeoutMs: p.integer().strictNullable(),
    requestTimeoutMs: p.integer().strictNullable(),
    maxRequestMs: p.integer().strictNullable(),
    /** JSON: an object of texts, names in lower case; never a credential. */
    headers: p.text().default('{}'),
    /** JSON: an array of `{ from, to }`. */
    forwardedHeaders: p.text().default('[]'),
    visibility: p.enum(visibilities),
    ownerId: () => p.manyToOne(User).mapToPk().fieldName('owner_id').deleteRule('restrict').index(),
    teamId: () => p.manyToOne(Team).mapToPk().fieldName('team_id').deleteRule('restrict').strictNullable().index(),
    enabled: p.boolean(),
    /** Name of the header that carries the credential. */
    authHeader: p.string().length(100).strictNullable(),
    /** The header's value under envelope encryption; bound to organization and row. */
    authSecret: p.text().strictNullable().hidden(),
    /** Set by an administrator: this era and nothing else; null: what a probe finds. */
    protocolEra: p.enum(eras).strictNullable(),
    /** What the last probe found; null before the first. */
    era: p.enum(eras).strictNullable(),
    protocolVersion: p.string().length(20).strictNullable(),
    /** Raw JSON, as the upstream sent it. */
    serverInfo: p.text().strictNullable(),
    capabilities: p.text().strictNullable(),
    instructions: p.text().strictNullable(),
    health: p.enum(healthStates),
    /** Error code of the registry while UNHEALTHY. */
    healthCode: p.string().length(100).strictNullable(),
    healthChangedAt: p.datetime(3).strictNullable(),
    ...timestamped,
  },
  uniques: [{ name: 'upstreams_slug_unique', properties: ['organizationId', 'slug'] }],
  checks: [
    { name: 'upstreams_team_visibility', expression: "visibility <> 'TEAM' or team_id is not null" },
    {
      name: 'upstreams_transport_address',
      expression: "(transport = 'STDIO') = (command is not null) and (transport = 'STDIO') = (url is null)",
    },
    {
      name: 'upstreams_protocol_era_transport',
      expression: "protocol_era is distinct from 'MODERN' or transport <> 'SSE'",
    },
  ],
});

/** A registered MCP server. */
export class Upstream extends schema.class {}
schema.setClass(Upstream);
