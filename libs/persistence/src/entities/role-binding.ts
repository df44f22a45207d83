import { defineEntity, p } from '@mikro-orm/core';
import { organizationRoles } from '#contracts';
import { identified } from './identified.js';
import { User } from './user.js';

const schema = defineEntity({
  name: 'RoleBinding',
  tableName: 'role_bindings',
  properties: {
    ...identified,
    userId: () => p.manyToOne(User).mapToPk().fieldName('user_id').deleteRule('cascade').index(),
    role: p.enum(organizationRoles),
    /** Null: does not end by itself. */
    expiresAt: p.datetime(3).strictNullable(),
    createdAt: p.datetime(3).onCreate(() => new Date()),
  },
  uniques: [{ name: 'role_bindings_user_role_unique', properties: ['userId', 'role'] }],
});

/** A role over the whole organization, held by one user. */
export class RoleBinding extends schema.class {}
schema.setClass(RoleBinding);
