import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dropExpiredPartitions, ensurePartitions, TransactionalRecorder, verifyAudit, writeCheckpoints } from '#audit';
import { newId } from '#kernel';
import {
  countEvents,
  draft,
  inOrganization,
  keyring,
  openAuditDatabase,
  type AuditDatabase,
} from './audit-fixtures.js';

let db: AuditDatabase;
beforeAll(async () => {
  db = await openAuditDatabase();
});
afterAll(() => db.close());

const may = Date.UTC(2024, 4, 1);
const june = Date.UTC(2024, 5, 1);
const july = Date.UTC(2024, 6, 1);
const day = 86_400_000;

/** Old months as they were when they were new. */
const makePartitions = async () => {
  for (const [month, from, to] of [
    ['202405', '2024-05-01', '2024-06-01'],
    ['202406', '2024-06-01', '2024-07-01'],
  ]) {
    await db.owner.query(`create table if not exists audit_events_${month} partition of audit_events
      for values from ('${from} 00:00:00+00') to ('${to} 00:00:00+00')`);
    await db.owner.query(`alter table audit_events_${month} owner to gatehouse_owner`);
  }
};

async function recorded(times: readonly number[]) {
  const organizationId = newId();
  const log = new TransactionalRecorder({ keyring, writer: 'control-plane' });
  const append = (at: readonly number[]) =>
    inOrganization(db.app, organizationId, (sql) =>
      log.append(
        sql,
        at.map((occurredAt) => draft(organizationId, { occurredAt })),
      ),
    );
  await append(times);
  await writeCheckpoints(db.system, keyring);
  const verify = async () => {
    const { checkedEvents, problems } = await verifyAudit(db.system, keyring, organizationId, { pageSize: 2 });
    return [checkedEvents, ...problems.map(({ kind, sequence }) => `${kind} ${sequence}`)];
  };
  return { organizationId, append, verify };
}

describe('retention', () => {
  it('drops whole months, and what is left still verifies [WRK-6]', async () => {
    await makePartitions();
    const straight = await recorded([may, may + day, june + day, june + 2 * day, july, july + day]);
    // The record of a long call comes after its month ended: what leaves is no prefix of the chain.
    const crossing = await recorded([may, june, june - 1, june + 1, may + 5, july, june + 7, july + 1]);
    const onlyOld = await recorded([may, may + 1, may + 2]);
    for (const chain of [straight, crossing, onlyOld]) expect((await chain.verify()).slice(1)).toEqual([]);

    expect(await dropExpiredPartitions(db.system, keyring, june - 1)).toEqual([]);
    expect(await dropExpiredPartitions(db.system, keyring, june + 3 * day)).toEqual(['audit_events_202405']);
    expect(await countEvents(db.owner, straight.organizationId)).toBe(4);
    expect(await straight.verify()).toEqual([4]);
    expect(await crossing.verify()).toEqual([5]);
    expect(await onlyOld.verify()).toEqual([0]);

    await onlyOld.append([july]);
    expect(await onlyOld.verify()).toEqual([1]);
    await writeCheckpoints(db.system, keyring);
    expect(await dropExpiredPartitions(db.system, keyring, july)).toEqual(['audit_events_202406']);
    expect(await straight.verify()).toEqual([2]);
    expect(await crossing.verify()).toEqual([2]);
    expect(await onlyOld.verify()).toEqual([1]);
    const purges = await db.owner.query<{ at: Date }>(
      'select purged_before as at from audit_checkpoints where organization_id = $1 and purged_before is not null order by 1',
      [straight.organizationId],
    );
    expect(purges.map(({ at }) => at.getTime())).toEqual([june, july]);
  });

  it('excuses no record that was removed before or after the drop', async () => {
    await makePartitions();
    const before = await recorded([may, may + 1, may + 2, july, july + 1]);
    const after = await recorded([may, may + 1, july, july + 1, july + 2]);
    const remove = (organizationId: string, sequence: number) =>
      db.owner.query('delete from audit_events where organization_id = $1 and sequence = $2', [
        organizationId,
        sequence,
      ]);
    await remove(before.organizationId, 2);
    await dropExpiredPartitions(db.system, keyring, june);
    expect(await before.verify()).toEqual([2, 'MISSING_RECORDS 2']);
    expect(await after.verify()).toEqual([3]);
    await remove(after.organizationId, 3);
    expect(await after.verify()).toEqual([2, 'MISSING_RECORDS 3']);
  });

  // The worker signed for whatever lay in an old month, so rows that were put there excused any record at all.
  it('does not sign for planted records: nobody can have recent ones excused by dating copies back', async () => {
    await makePartitions();
    const { organizationId, verify } = await recorded([july, july + 1, july + 2, july + 3]);
    const real = await db.owner.query<{ sequence: string; previous_hash: string; hash: string }>(
      'select sequence, previous_hash, hash from audit_events where organization_id = $1 order by sequence limit 3',
      [organizationId],
    );
    // What the role of the jobs may do: add rows.
    for (const { sequence, previous_hash, hash } of real)
      await db.system.query(
        `insert into audit_events (id, organization_id, writer, epoch, sequence, occurred_at, action, outcome, actor_kind,
           request_id, details, previous_hash, hash)
         select gen_random_uuid(), organization_id, writer, epoch, sequence, $3, 'x', outcome, actor_kind, 'x', '{}', $4, $5
         from audit_events where organization_id = $1 and sequence = $2 limit 1`,
        [organizationId, sequence, new Date(may), previous_hash, hash],
      );
    expect(await dropExpiredPartitions(db.system, keyring, june)).toEqual(['audit_events_202405']);
    await db.owner.query('delete from audit_events where organization_id = $1 and sequence <= 3', [organizationId]);
    expect(await verify()).toEqual([1, 'MISSING_RECORDS 1']);
  });

  it('excuses nothing on the word of a forged checkpoint', async () => {
    await makePartitions();
    const { organizationId, verify } = await recorded([may, may + 1, july]);
    await dropExpiredPartitions(db.system, keyring, june);
    expect(await verify()).toEqual([1]);
    await db.owner.query(
      `update audit_checkpoints set heads = replace(heads, '"last":2', '"last":3') where organization_id = $1 and purged_before is not null`,
      [organizationId],
    );
    expect(await verify()).toEqual([1, 'CHECKPOINT_FORGED null', 'MISSING_RECORDS 1']);
  });

  it('makes partitions ahead, again and again', async () => {
    const partitions = async () =>
      (
        await db.owner.query<{ n: number }>(
          `select count(*)::int as n from pg_inherits where inhparent = 'audit_events'::regclass`,
        )
      )[0]?.n ?? 0;
    const before = await partitions();
    await ensurePartitions(db.system, 5);
    await ensurePartitions(db.system, 5);
    expect(await partitions()).toBe(before + 3);
  });
});
