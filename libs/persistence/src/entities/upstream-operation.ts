import { defineEntity, p } from '@mikro-orm/core';
import { operationKinds, operationStates } from '#contracts';
import { identified } from './identified.js';
import { Upstream } from './upstream.js';

const schema = defineEntity({
  name: 'UpstreamOperation',
  tableName: 'upstream_operations',
  properties: {
    ...identified,
    upstreamId: () => p.manyToOne(Upstream).mapToPk().fieldName('upstream_id').deleteRule('cascade').index(),
    kind: p.enum(operationKinds),
    state: p.enum(operationStates),
    code: p.string().length(100).strictNullable(),
    message: p.text().strictNullable(),
    /** JSON: counts of added, changed and removed objects, warnings. */
    result: p.text().strictNullable(),
    requestedBy: p.uuid().strictNullable(),
    requestId: p.string().length(100),
    createdAt: p.datetime(3).onCreate(() => new Date()),
    finishedAt: p.datetime(3).strictNullable(),
  },
});

/** A check or sync that somebody asked for, and its result. */
export class UpstreamOperation extends schema.class {}
schema.setClass(UpstreamOperation);
