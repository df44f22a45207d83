import { p } from '@mikro-orm/core';
import { Organization } from './organization.js';

/** Columns of every table: the key and the organization that the row belongs to. */
export const identified = {
  id: p.uuid().primary(),
  organizationId: () => p.manyToOne(Organization).mapToPk().fieldName('organization_id').deleteRule('cascade').index(),
};
