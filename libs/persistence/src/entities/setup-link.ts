import { defineEntity, p } from '@mikro-orm/core';
import { identified } from './identified.js';

const schema = defineEntity({
  name: 'SetupLink',
  tableName: 'setup_links',
  properties: {
    ...identified,
    tokenHash: p.string().length(64).unique().hidden(),
    expiresAt: p.datetime(3),
    usedAt: p.datetime(3).strictNullable(),
    createdAt: p.datetime(3),
  },
});

/** The one-time link that makes the first administrator. */
export class SetupLink extends schema.class {}
schema.setClass(SetupLink);
