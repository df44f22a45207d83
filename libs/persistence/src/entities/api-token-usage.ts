import { defineEntity, p } from '@mikro-orm/core';
import { ApiToken } from './api-token.js';

const schema = defineEntity({
  name: 'ApiTokenUsage',
  tableName: 'api_token_usages',
  properties: {
    tokenId: () => p.manyToOne(ApiToken).mapToPk().primary().fieldName('token_id').deleteRule('cascade'),
    organizationId: p.uuid().index(),
    lastUsedAt: p.datetime(3),
    calls: p.bigint('number'),
  },
});

/** When and how often a token was used; apart from the token, so that use changes no configuration. */
export class ApiTokenUsage extends schema.class {}
schema.setClass(ApiTokenUsage);
