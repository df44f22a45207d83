import { defineEntity, p } from '@mikro-orm/core';
import { Upstream } from './upstream.js';

const schema = defineEntity({
  name: 'CatalogSyncRequest',
  tableName: 'catalog_sync_requests',
  properties: {
    upstreamId: () => p.manyToOne(Upstream).mapToPk().primary().fieldName('upstream_id').deleteRule('cascade'),
    organizationId: p.uuid().index(),
    requestedAt: p.datetime(3).defaultRaw('now()').index(),
  },
});

/** An upstream said that its catalogue changed, and no sync has begun since; written by gateways, taken by workers. */
export class CatalogSyncRequest extends schema.class {}
schema.setClass(CatalogSyncRequest);
