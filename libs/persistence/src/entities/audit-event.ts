import { defineEntity, p } from '@mikro-orm/core';
import { auditOutcomes } from '#contracts';

const schema = defineEntity({
  name: 'AuditEvent',
  tableName: 'audit_events',
  properties: {
    id: p.uuid().primary(),
    organizationId: p.uuid(),
    writer: p.string(),
    epoch: p.uuid(),
    sequence: p.bigint('number'),
    occurredAt: p.datetime(3),
    action: p.string(),
    outcome: p.enum(auditOutcomes),
    reason: p.string().strictNullable(),
    actorKind: p.string(),
    actorUserId: p.uuid().strictNullable(),
    actorTokenId: p.uuid().strictNullable(),
    subjectType: p.string().strictNullable(),
    subjectId: p.string().strictNullable(),
    requestId: p.string(),
    ip: p.string().strictNullable(),
    durationMs: p.double().strictNullable(),
    /** JSON. */
    details: p.text(),
    body: p.text().strictNullable().lazy().hidden(),
    bodyDigest: p.string().strictNullable(),
    previousHash: p.string(),
    hash: p.string(),
  },
});

/** One link of an audit chain. The table is partitioned by month and made by hand in the first migration. */
export class AuditEvent extends schema.class {}
schema.setClass(AuditEvent);
