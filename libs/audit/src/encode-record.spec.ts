import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyring } from '#crypto';
import { toAuditRecord } from './audit-record.js';
import { emptyChain, isAuthentic, link } from './chain.js';
import { encodeAfter } from './encode-record.js';

const keyring = createKeyring(Buffer.alloc(32, 1));
const id = fc.uuid();
const text = fc.string({ unit: 'binary', maxLength: 60 });
const optional = fc.option(text);
const drafts = fc.record({
  organizationId: id,
  occurredAt: fc.integer({ min: 0, max: 4e12 }),
  action: text,
  outcome: fc.constantFrom('ALLOWED', 'DENIED', 'FAILED'),
  reason: optional,
  actorKind: fc.constantFrom('user', 'system', 'anonymous'),
  actorUserId: fc.option(id),
  actorTokenId: fc.option(id),
  subjectType: optional,
  subjectId: optional,
  requestId: text,
  ip: optional,
  durationMs: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true })),
  details: fc.dictionary(text, fc.jsonValue()),
  body: optional,
});

describe('encodeAfter', () => {
  it('[TRL-1] writes the row and the hash that link would make, whatever the texts hold', () => {
    const chain = { writer: 'gateway "1"', epoch: '00000000-0000-4000-8000-000000000000' };
    fc.assert(
      fc.property(drafts, fc.boolean(), (draft, isFirst) => {
        const record = toAuditRecord(draft);
        const head = isFirst ? emptyChain : { sequence: 41, hash: 'ab'.repeat(32) };
        const linked = link(keyring, chain, head, record);
        const encoded = encodeAfter(keyring, chain, isFirst ? undefined : head, record);
        expect(JSON.parse(encoded.row)).toEqual(JSON.parse(JSON.stringify(linked)));
        expect({ sequence: encoded.sequence, hash: encoded.hash }).toEqual({
          sequence: linked.sequence,
          hash: linked.hash,
        });
        expect(isAuthentic(keyring, JSON.parse(encoded.row) as typeof linked)).toBe(true);
        // What is remembered of details is what they say.
        expect(encodeAfter(keyring, chain, isFirst ? undefined : head, record)).toEqual(encoded);
        const frozen = { ...draft, details: Object.freeze(draft.details) };
        for (const again of [toAuditRecord(frozen), toAuditRecord(frozen)]) expect(again.details).toBe(record.details);
      }),
    );
  });
});
