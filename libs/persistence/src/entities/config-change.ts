import { defineEntity, p } from '@mikro-orm/core';

const schema = defineEntity({
  name: 'ConfigChange',
  tableName: 'config_changes',
  properties: {
    revision: p.bigint('number').primary(),
    organizationId: p.uuid(),
    /** Name of the table whose row changed. */
    kind: p.string(),
    entityId: p.uuid(),
    createdAt: p.datetime(3),
  },
});

/** One committed change of a catalogue row; written by a trigger, read by gateways. */
export class ConfigChange extends schema.class {}
schema.setClass(ConfigChange);
