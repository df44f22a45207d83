import { defineEntity, p } from '@mikro-orm/core';
import { identified } from './identified.js';
import { timestamped } from './timestamped.js';
import { Upstream } from './upstream.js';

const schema = defineEntity({
  name: 'Resource',
  tableName: 'resources',
  properties: {
    ...identified,
    upstream: () => p.manyToOne(Upstream).ref().deleteRule('cascade').index(),
    uri: p.string().length(2048),
    name: p.string().length(512),
    mimeType: p.string().length(255).strictNullable(),
    title: p.text().strictNullable(),
    description: p.text().strictNullable(),
    /** The raw JSON object of the upstream, kept whole. */
    definition: p.text(),
    /** SHA-256 over the RFC 8785 form of the definition, hexadecimal. */
    fingerprint: p.string().length(64),
    /** JSON: lists of client capabilities; the object is offered to clients that declare everything in one of them. */
    requiredClientCapabilities: p.text().default('[]'),
    ...timestamped,
  },
  uniques: [{ name: 'resources_key_unique', properties: ['upstream', 'uri'] }],
});

/** A resource that an upstream offers. */
export class Resource extends schema.class {}
schema.setClass(Resource);
