import { defineEntity, p } from '@mikro-orm/core';
import { timestamped } from './timestamped.js';

const schema = defineEntity({
  name: 'Organization',
  tableName: 'organizations',
  properties: {
    id: p.uuid().primary(),
    /** Equal to `id`: one row-level security rule serves every table. */
    organizationId: p.uuid(),
    slug: p.string().length(32).unique(),
    name: p.string().length(200),
    ...timestamped,
  },
  checks: [{ name: 'organizations_own_id', expression: 'id = organization_id' }],
});

/** A tenant: everything else belongs to exactly one. */
export class Organization extends schema.class {}
schema.setClass(Organization);
