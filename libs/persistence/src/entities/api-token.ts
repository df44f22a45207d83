import { defineEntity, p } from '@mikro-orm/core';
import type { ApiTokenScope } from '#contracts';
import { identified } from './identified.js';
import { User } from './user.js';
import { VirtualServer } from './virtual-server.js';

const schema = defineEntity({
  name: 'ApiToken',
  tableName: 'api_tokens',
  properties: {
    ...identified,
    userId: () => p.manyToOne(User).mapToPk().fieldName('user_id').deleteRule('cascade').index(),
    name: p.string().length(200),
    /** SHA-256 of the whole token, hexadecimal: neither the token nor a reversible form is stored. */
    tokenHash: p.string().length(64).unique().hidden(),
    /** The last four characters, so that people can tell tokens apart. */
    hint: p.string().length(4),
    scopes: p.array().$type<ApiTokenScope[]>(),
    virtualServerId: () =>
      p
        .manyToOne(VirtualServer)
        .mapToPk()
        .fieldName('virtual_server_id')
        .deleteRule('cascade')
        .strictNullable()
        .index(),
    expiresAt: p.datetime(3),
    /** Both or neither; null: the default of the settings. */
    rateLimitPerMinute: p.integer().strictNullable(),
    rateLimitBurst: p.integer().strictNullable(),
    revokedAt: p.datetime(3).strictNullable(),
    createdAt: p.datetime(3).onCreate(() => new Date()),
  },
  checks: [
    { name: 'api_tokens_rate_limit', expression: '(rate_limit_per_minute is null) = (rate_limit_burst is null)' },
  ],
});

/** A bearer credential of one user, for GraphQL and the gateway. */
export class ApiToken extends schema.class {}
schema.setClass(ApiToken);
