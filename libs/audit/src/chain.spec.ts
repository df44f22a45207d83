import { describe, expect, it } from 'vitest';
import { createKeyring } from '#crypto';
import { toAuditRecord } from './audit-record.js';
import { canonicalRecord, emptyChain, GENESIS, isAuthentic, link } from './chain.js';

const keyring = createKeyring(Buffer.alloc(32, 1));
const record = {
  ...toAuditRecord({
    organizationId: '01900000-0000-7000-8000-000000000001',
    occurredAt: 1_700_000_000_123.7,
    action: 'tools/call',
    outcome: 'DENIED',
    reason: 'FORBIDDEN',
    actorKind: 'user',
    actorUserId: '01900000-0000-7000-8000-00000000000A',
    actorTokenId: null,
    subjectType: 'Tool',
    subjectId: 'files__read',
    requestId: 'r-1',
    ip: '::1',
    durationMs: 1.23456,
    details: { b: 1, a: [true, null] },
    body: '{"x":1}',
  }),
  id: '01900000-0000-7000-8000-0000000000ff',
};
const chain = { writer: 'gateway', epoch: '00000000-0000-4000-8000-000000000000' };

describe('the canonical record', () => {
  it('never changes: logs that exist must keep verifying', () => {
    const first = link(keyring, chain, emptyChain, record);
    expect(canonicalRecord({ ...first, bodyDigest: 'digest' })).toBe(
      `["gatehouse-audit-1","01900000-0000-7000-8000-000000000001","gateway","00000000-0000-4000-8000-000000000000",1,"${GENESIS}",` +
        '"01900000-0000-7000-8000-0000000000ff",1700000000123,"tools/call","DENIED","FORBIDDEN","user",' +
        '"01900000-0000-7000-8000-00000000000a",null,"Tool","files__read","r-1","::1",1.235,' +
        String.raw`"{\"b\":1,\"a\":[true,null]}","digest"]`,
    );
    expect([first.bodyDigest, first.hash]).toMatchInlineSnapshot(`
      [
        "7ea1c75d680da3cbf1c2ce193a89f20ab0900c4525424acaf3aa7a3c7a85e6b9",
        "182f0724a23dab28a18c6a3963abb53f8b6d77950c6b1d154f7e025c384b2751",
      ]
    `);
  });

  it('ties each record to the one before it', () => {
    const first = link(keyring, chain, emptyChain, record);
    const second = link(keyring, chain, first, record);
    expect(second).toMatchObject({ sequence: 2, previousHash: first.hash });
    expect(second.hash).not.toBe(first.hash);
  });

  it('covers every field', () => {
    const good = link(keyring, chain, emptyChain, record);
    expect(isAuthentic(keyring, good)).toBe(true);
    expect(isAuthentic(keyring, { ...good, body: null })).toBe(true);
    for (const field of Object.keys(good)) {
      expect([field, isAuthentic(keyring, { ...good, [field]: 'changed' })]).toEqual([field, false]);
    }
    expect(isAuthentic(createKeyring(Buffer.alloc(32, 2)), good)).toBe(false);
  });
});
