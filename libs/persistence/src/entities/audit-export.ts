import { defineEntity, p } from '@mikro-orm/core';
import { operationStates } from '#contracts';
import { identified } from './identified.js';

const schema = defineEntity({
  name: 'AuditExport',
  tableName: 'audit_exports',
  properties: {
    ...identified,
    state: p.enum(operationStates),
    /** JSON: `{ from, to, action, outcome, actorUserId }`, all optional; times in ISO 8601. */
    filter: p.text(),
    fileName: p.string().length(200).strictNullable(),
    /** JSON: where the next page starts and how far the file is complete. */
    cursor: p.text().strictNullable(),
    records: p.bigint('number'),
    bytes: p.bigint('number'),
    sha256: p.string().length(64).strictNullable(),
    code: p.string().length(100).strictNullable(),
    message: p.text().strictNullable(),
    requestedBy: p.uuid().strictNullable(),
    createdAt: p.datetime(3).onCreate(() => new Date()),
    finishedAt: p.datetime(3).strictNullable(),
  },
});

/** A request to write audit events to a JSON Lines file, and how far it has come. */
export class AuditExport extends schema.class {}
schema.setClass(AuditExport);
