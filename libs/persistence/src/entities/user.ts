import { defineEntity, p } from '@mikro-orm/core';
import { userStatuses } from '#contracts';
import { identified } from './identified.js';
import { timestamped } from './timestamped.js';

/** Exported for `entities.ts` only, which adds the relation to memberships. */
export const userSchema = defineEntity({
  name: 'User',
  tableName: 'users',
  properties: {
    ...identified,
    /** Lower case; unique within the organization only. */
    email: p.string().length(254),
    displayName: p.string().length(200),
    /** Argon2id in PHC form; null for a user who cannot sign in with a password. */
    passwordHash: p.text().strictNullable().hidden(),
    status: p.enum(userStatuses),
    ...timestamped,
    /** For conditions such as "shares a team with me"; by name, because memberships refer to users. Never loaded. */
    memberships: () =>
      p
        .oneToMany('Membership' as never)
        .mappedBy('userId' as never)
        .hidden(),
  },
  uniques: [{ name: 'users_email_unique', properties: ['organizationId', 'email'] }],
});

/** A person who signs in and owns objects. */
export class User extends userSchema.class {}
userSchema.setClass(User);
