import { defineEntity, p } from '@mikro-orm/core';
import { identified } from './identified.js';
import { Upstream } from './upstream.js';

const schema = defineEntity({
  name: 'HealthCheck',
  tableName: 'health_checks',
  properties: {
    ...identified,
    upstreamId: () => p.manyToOne(Upstream).mapToPk().fieldName('upstream_id').deleteRule('cascade'),
    status: p.enum(['HEALTHY', 'UNHEALTHY']),
    code: p.string().length(100).strictNullable(),
    message: p.text().strictNullable(),
    latencyMs: p.integer(),
    checkedAt: p.datetime(3),
  },
  indexes: [{ name: 'health_checks_recent', properties: ['upstreamId', 'checkedAt'] }],
});

/** The result of one check of an upstream. */
export class HealthCheck extends schema.class {}
schema.setClass(HealthCheck);
