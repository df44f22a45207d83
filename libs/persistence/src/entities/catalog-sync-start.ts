import { defineEntity, p } from '@mikro-orm/core';
import { Upstream } from './upstream.js';

const schema = defineEntity({
  name: 'CatalogSyncStart',
  tableName: 'catalog_sync_starts',
  properties: {
    upstreamId: () => p.manyToOne(Upstream).mapToPk().primary().fieldName('upstream_id').deleteRule('cascade'),
    organizationId: p.uuid().index(),
    startedAt: p.datetime(3),
  },
});

/** When the last sync of an upstream began, on any worker: the next one that it asks for itself keeps its distance. */
export class CatalogSyncStart extends schema.class {}
schema.setClass(CatalogSyncStart);
