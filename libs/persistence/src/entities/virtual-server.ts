import { defineEntity, p } from '@mikro-orm/core';
import { visibilities } from '#contracts';
import { identified } from './identified.js';
import { timestamped } from './timestamped.js';
import { Team } from './team.js';
import { User } from './user.js';

const schema = defineEntity({
  name: 'VirtualServer',
  tableName: 'virtual_servers',
  properties: {
    ...identified,
    slug: p.string().length(32),
    name: p.string().length(200),
    description: p.string().length(2000),
    visibility: p.enum(visibilities),
    ownerId: () => p.manyToOne(User).mapToPk().fieldName('owner_id').deleteRule('restrict').index(),
    teamId: () => p.manyToOne(Team).mapToPk().fieldName('team_id').deleteRule('restrict').strictNullable().index(),
    enabled: p.boolean(),
    /** Fixed when composing: whether exposed names carry the upstream's slug. */
    prefixNames: p.boolean(),
    instructions: p.text().strictNullable(),
    ...timestamped,
  },
  uniques: [{ name: 'virtual_servers_slug_unique', properties: ['organizationId', 'slug'] }],
  checks: [{ name: 'virtual_servers_team_visibility', expression: "visibility <> 'TEAM' or team_id is not null" }],
});

/** A composed MCP endpoint: a chosen set of catalogue objects under one address. */
export class VirtualServer extends schema.class {}
schema.setClass(VirtualServer);
