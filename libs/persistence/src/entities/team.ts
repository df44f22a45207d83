import { defineEntity, p } from '@mikro-orm/core';
import { identified } from './identified.js';
import { timestamped } from './timestamped.js';

const schema = defineEntity({
  name: 'Team',
  tableName: 'teams',
  properties: {
    ...identified,
    slug: p.string().length(32),
    name: p.string().length(200),
    description: p.string().length(2000),
    ...timestamped,
  },
  uniques: [{ name: 'teams_slug_unique', properties: ['organizationId', 'slug'] }],
});

/** A group of users that shares upstreams and virtual servers. */
export class Team extends schema.class {}
schema.setClass(Team);
