import { defineEntity, p } from '@mikro-orm/core';
import { User } from './user.js';

const schema = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  properties: {
    /** SHA-256 of the cookie's session id, hexadecimal. */
    id: p.string().length(64).primary(),
    organizationId: p.uuid().index(),
    userId: () => p.manyToOne(User).mapToPk().fieldName('user_id').deleteRule('cascade').index(),
    /** JSON of the session middleware. */
    data: p.text().hidden(),
    ip: p.string().length(64).strictNullable(),
    userAgent: p.string().length(500).strictNullable(),
    createdAt: p.datetime(3),
    lastSeenAt: p.datetime(3),
    expiresAt: p.datetime(3).index(),
  },
});

/** A browser sign-in. */
export class Session extends schema.class {}
schema.setClass(Session);
