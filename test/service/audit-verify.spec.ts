import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TransactionalRecorder, verifyAudit, writeCheckpoints } from '#audit';
import { createKeyring } from '#crypto';
import { newId } from '#kernel';
import { draft, inOrganization, keyring, openAuditDatabase, type AuditDatabase } from './audit-fixtures.js';

let db: AuditDatabase;
beforeAll(async () => {
  db = await openAuditDatabase();
});
afterAll(() => db.close());

/** An organization with a chain of `count` events and a checkpoint over it. */
async function recorded(count = 6, checkpoint = true) {
  const organizationId = newId();
  const log = new TransactionalRecorder({ keyring, writer: 'control-plane' });
  const append = (more = 1) =>
    inOrganization(db.app, organizationId, (sql) =>
      log.append(
        sql,
        Array.from({ length: more }, () => draft(organizationId, { body: '{"secret":"argument"}' })),
      ),
    );
  await append(count);
  if (checkpoint) await writeCheckpoints(db.system, keyring);
  const tamper = (statement: string) => db.owner.query(statement, [organizationId]);
  const kinds = async () => {
    const { valid, problems } = await verifyAudit(db.system, keyring, organizationId, { pageSize: 2 });
    expect(valid).toBe(problems.length === 0);
    return problems.map(({ kind, sequence }) => (sequence === null ? kind : `${kind} ${sequence}`));
  };
  return { organizationId, append, tamper, kinds };
}

const event = 'organization_id = $1 and sequence';

describe('verifyAudit', () => {
  it('finds nothing in an untouched log, between checkpoints as well', async () => {
    const { append, kinds } = await recorded();
    await append(3);
    await writeCheckpoints(db.system, keyring);
    await append(3);
    expect(await kinds()).toEqual([]);
  });

  it.each([
    ['action', `action = 'nothing.happened'`],
    ['outcome', `outcome = 'DENIED'`],
    ['reason', `reason = 'FORBIDDEN'`],
    ['time', `occurred_at = occurred_at + interval '1 millisecond'`],
    ['actor', 'actor_user_id = null'],
    ['token', 'actor_token_id = id'],
    ['subject', `subject_id = 'another'`],
    ['details', `details = '{}'`],
    ['address', `ip = '10.0.0.1'`],
    ['duration', 'duration_ms = duration_ms + 0.001'],
    ['body', `body = '{"secret":"another"}'`],
    ['body digest', `body_digest = repeat('0', 64)`],
    ['id', 'id = gen_random_uuid()'],
  ])('finds an edited %s [TRL-2]', async (_, assignment) => {
    const { tamper, kinds } = await recorded();
    await tamper(`update audit_events set ${assignment} where ${event} = 3`);
    expect(await kinds()).toEqual(['EDITED 3']);
  });

  it('accepts a purged body, whose digest stays', async () => {
    const { tamper, kinds } = await recorded();
    await tamper('update audit_events set body = null where organization_id = $1');
    expect(await kinds()).toEqual([]);
  });

  it('finds an event that was moved to another chain', async () => {
    const { tamper, kinds } = await recorded();
    await tamper(`update audit_events set writer = 'gateway' where ${event} = 6`);
    expect(await kinds()).toEqual(
      expect.arrayContaining(['EDITED 6', 'TRUNCATED 6', 'MISSING_RECORDS 1', 'MISSING_HEAD 6']),
    );
  });

  it('finds removed events [TRL-2]', async () => {
    const { tamper, kinds } = await recorded(9);
    await tamper(`delete from audit_events where ${event} in (1, 4, 5, 8)`);
    expect(await kinds()).toEqual(['MISSING_RECORDS 1', 'MISSING_RECORDS 4', 'MISSING_RECORDS 8']);
  });

  it('finds a removed event whose neighbours were closed up', async () => {
    const { tamper, kinds } = await recorded();
    await tamper(`delete from audit_events where ${event} = 3`);
    await tamper(`update audit_events set sequence = sequence - 1 where ${event} > 3`);
    await tamper(`update audit_chain_heads set sequence = sequence - 1 where organization_id = $1`);
    expect(await kinds()).toEqual(
      expect.arrayContaining(['EDITED 3', 'EDITED 4', 'EDITED 5', 'BROKEN_LINK 3', 'TRUNCATED 6']),
    );
  });

  it('finds exchanged events', async () => {
    const { tamper, kinds } = await recorded();
    await tamper(`update audit_events set sequence = 7 - sequence where ${event} in (3, 4)`);
    expect(await kinds()).toEqual(expect.arrayContaining(['EDITED 3', 'EDITED 4', 'BROKEN_LINK 3']));
  });

  it('finds a duplicated event', async () => {
    const { tamper, kinds } = await recorded();
    await tamper(
      `insert into audit_events (id, organization_id, writer, epoch, sequence, occurred_at, action, outcome, actor_kind, request_id, details, previous_hash, hash)
       select gen_random_uuid(), organization_id, writer, epoch, sequence, occurred_at, action, outcome, actor_kind, request_id, details, previous_hash, hash
       from audit_events where ${event} = 2`,
    );
    expect(await kinds()).toEqual(expect.arrayContaining(['EDITED 2', 'DUPLICATE 2']));
  });

  it('finds events cut off the end, by the head', async () => {
    const { tamper, kinds } = await recorded(6, false);
    await tamper(`delete from audit_events where ${event} > 4`);
    expect(await kinds()).toEqual(['TRUNCATED 6']);
  });

  it('finds events cut off the end by the checkpoint, although the head was set back [TRL-2]', async () => {
    const { tamper, kinds } = await recorded();
    await tamper(`delete from audit_events where ${event} > 4`);
    await tamper(
      `update audit_chain_heads h set sequence = 4, hash = e.hash from audit_events e
       where h.organization_id = $1 and e.organization_id = $1 and e.sequence = 4`,
    );
    expect(await kinds()).toEqual(['TRUNCATED 6']);
  });

  it('finds a chain that is gone, with its head or without', async () => {
    const one = await recorded(3, false);
    await one.tamper('delete from audit_events where organization_id = $1');
    expect(await one.kinds()).toEqual(['MISSING_CHAIN 3']);

    const two = await recorded(3);
    await two.tamper('delete from audit_events where organization_id = $1');
    await two.tamper('delete from audit_chain_heads where organization_id = $1');
    expect(await two.kinds()).toEqual(['MISSING_CHAIN 3', 'MISSING_HEAD 0']);
  });

  it('finds a head that is gone, behind or wrong', async () => {
    const gone = await recorded();
    await gone.tamper('delete from audit_chain_heads where organization_id = $1');
    expect(await gone.kinds()).toEqual(['MISSING_HEAD 6']);

    const behind = await recorded();
    await behind.tamper('update audit_chain_heads set sequence = 5 where organization_id = $1');
    expect(await behind.kinds()).toEqual(['HEAD_MISMATCH 5', 'HEAD_MISMATCH 5']);

    const wrong = await recorded();
    await wrong.tamper(`update audit_chain_heads set hash = repeat('a', 64) where organization_id = $1`);
    expect(await wrong.kinds()).toEqual(['HEAD_MISMATCH 6']);
  });

  it.each([
    ['signature', `signature = translate(signature, 'abc', 'bca')`],
    ['heads', `heads = replace(heads, '"sequence":6', '"sequence":5')`],
    ['time', `created_at = created_at + interval '1 second'`],
    ['purge', 'purged_before = now()'],
    ['key', `key_id = 'another'`],
  ])('finds a forged checkpoint: %s', async (_, assignment) => {
    const { tamper, kinds } = await recorded();
    await tamper(`update audit_checkpoints set ${assignment} where organization_id = $1`);
    expect(await kinds()).toEqual(['CHECKPOINT_FORGED']);
  });

  it('finds a removed checkpoint before another', async () => {
    const { append, tamper, kinds } = await recorded();
    await append();
    await writeCheckpoints(db.system, keyring);
    await tamper(`delete from audit_checkpoints c where organization_id = $1
      and created_at = (select min(created_at) from audit_checkpoints where organization_id = $1)`);
    expect(await kinds()).toEqual(['CHECKPOINT_MISSING']);
  });

  it('believes no log that was written with another key', async () => {
    const { organizationId } = await recorded(2);
    const stranger = createKeyring(Buffer.alloc(32, 8));
    const { problems } = await verifyAudit(db.system, stranger, organizationId);
    expect(problems.map(({ kind }) => kind)).toEqual(['CHECKPOINT_FORGED', 'EDITED', 'EDITED']);
  });

  it('stays quiet while events are being added', async () => {
    const { organizationId, append } = await recorded(20);
    const writing = new AbortController();
    const writer = (async () => {
      while (!writing.signal.aborted) {
        await append(3);
        await writeCheckpoints(db.system, keyring);
      }
    })();
    for (let round = 0; round < 5; round += 1) {
      expect((await verifyAudit(db.system, keyring, organizationId, { pageSize: 3 })).problems).toEqual([]);
    }
    writing.abort();
    await writer;
  });

  it('stops when it is told to', async () => {
    const { organizationId } = await recorded(2);
    await expect(
      verifyAudit(db.system, keyring, organizationId, { signal: AbortSignal.abort(new Error('shutting down')) }),
    ).rejects.toThrow('shutting down');
  });
});

describe('writeCheckpoints', () => {
  it('writes one per organization that moved, and none for one at rest [WRK-5]', async () => {
    const { organizationId, append } = await recorded(2);
    const rows = () =>
      db.owner.query<{ heads: string; at: string }>(
        'select heads, created_at::text as at from audit_checkpoints where organization_id = $1 order by created_at',
        [organizationId],
      );
    expect(await writeCheckpoints(db.system, keyring)).toBe(0);
    expect(await rows()).toHaveLength(1);
    await append();
    expect(await writeCheckpoints(db.system, keyring)).toBe(1);
    const heads = (await rows()).map((row) => (JSON.parse(row.heads) as { heads: { sequence: number }[] }).heads);
    expect(heads.map((list) => list.map(({ sequence }) => sequence))).toEqual([[2], [3]]);
  });
});
