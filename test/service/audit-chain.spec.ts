import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TransactionalRecorder, verifyAudit } from '#audit';
import { newId, newRequestId, systemClock, type CallContext } from '#kernel';
import { createOrm, UnitOfWork } from '#persistence';
import { APP_ROLE } from '#postgres';
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

const recorder = () => new TransactionalRecorder({ keyring, writer: 'control-plane' });
const append = (log: TransactionalRecorder, organizationId: string, count = 1) =>
  inOrganization(db.app, organizationId, (sql) =>
    log.append(
      sql,
      Array.from({ length: count }, () => draft(organizationId)),
    ),
  );
const sequences = async (organizationId: string) =>
  (
    await db.owner.query<{ sequence: string }>(
      'select sequence from audit_events where organization_id = $1 order by epoch, sequence',
      [organizationId],
    )
  ).map(({ sequence }) => Number(sequence));

describe('appending inside a transaction', () => {
  it('keeps one gapless chain for concurrent transactions of one process', async () => {
    const organizationId = newId();
    const log = recorder();
    await Promise.all(Array.from({ length: 40 }, (_, index) => append(log, organizationId, 1 + (index % 3))));
    const found = await sequences(organizationId);
    expect(found).toEqual(found.map((_, index) => index + 1));
    expect(await verifyAudit(db.system, keyring, organizationId, { pageSize: 7 })).toEqual({
      valid: true,
      checkedEvents: found.length,
      problems: [],
    });
  });

  it('leaves no gap after a rollback, of the first event either', async () => {
    const organizationId = newId();
    const log = recorder();
    const failing = () =>
      inOrganization(db.app, organizationId, async (sql) => {
        await log.append(sql, [draft(organizationId)]);
        throw new Error('the use case failed');
      });
    await expect(failing()).rejects.toThrow('the use case failed');
    await append(log, organizationId);
    await expect(failing()).rejects.toThrow('the use case failed');
    await append(log, organizationId);
    expect(await sequences(organizationId)).toEqual([1, 2]);
    expect((await verifyAudit(db.system, keyring, organizationId)).problems).toEqual([]);
  });

  it('gives every process a chain of its own, so that none waits for another', async () => {
    const organizationId = newId();
    const [one, two] = [recorder(), recorder()];
    await inOrganization(db.app, organizationId, async (sql) => {
      await one.append(sql, [draft(organizationId)]);
      await append(two, organizationId);
    });
    expect(await sequences(organizationId)).toEqual([1, 1]);
    expect((await verifyAudit(db.system, keyring, organizationId)).valid).toBe(true);
  });

  it('stores any text so that it reads back as it was hashed', async () => {
    const organizationId = newId();
    await inOrganization(db.app, organizationId, (sql) =>
      recorder().append(sql, [
        draft(organizationId, {
          subjectId: `a\0b\ud800c${'é'.repeat(600)}`,
          action: 'x'.repeat(300),
          ip: '🙂'.repeat(80),
        }),
        draft(organizationId, { body: '{"text":"\u2028 \0 \udfff 🙂"}', details: { 'key\0': '\ud800', quote: '"\\' } }),
        draft(organizationId, { durationMs: Number.NaN, occurredAt: 1_700_000_000_123.9 + 0 }),
        draft(organizationId, { durationMs: 0.1 + 0.2, details: { big: 2 ** 53, cyclic: undefined } }),
        draft(organizationId, { actorUserId: newId().toUpperCase() }),
        draft(organizationId.toUpperCase()),
      ]),
    );
    expect(await verifyAudit(db.system, keyring, organizationId)).toMatchObject({ problems: [], checkedEvents: 6 });
  });

  it('refuses what is no event before anything is written', async () => {
    const organizationId = newId();
    await expect(
      inOrganization(db.app, organizationId, (sql) =>
        recorder().append(sql, [draft(organizationId), draft(organizationId, { actorUserId: 'nobody' })]),
      ),
    ).rejects.toThrow(TypeError);
    expect(await countEvents(db.owner, organizationId)).toBe(0);
  });
});

describe('the unit of work', () => {
  it('commits a change with its record, and keeps the record of a failed one', async () => {
    const organizationId = newId();
    const orm = await createOrm({ url: db.url, role: APP_ROLE, applicationName: 'audit-spec' }, 4);
    const unitOfWork = new UnitOfWork(orm.em, recorder());
    const ctx: CallContext = {
      actor: { kind: 'system', organizationId, name: 'spec' },
      requestId: newRequestId(),
      clock: systemClock,
      ip: null,
      userAgent: null,
    };
    const operation = { action: 'upstream.create', subjectType: 'Upstream' };
    await Promise.all(Array.from({ length: 5 }, () => unitOfWork.write(ctx, operation, () => Promise.resolve())));
    await expect(unitOfWork.write(ctx, operation, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await unitOfWork.read(ctx, ({ sql }) => verifyAudit(sql, keyring, organizationId))).toEqual({
      valid: true,
      checkedEvents: 6,
      problems: [],
    });
    await orm.close();
  });
});

describe('the application role', () => {
  it('sees and adds events of its own organization only', async () => {
    const [own, other] = [newId(), newId()];
    await append(recorder(), own, 2);
    await append(recorder(), other, 3);
    const visible = await inOrganization(db.app, own, (sql) =>
      sql.query('select distinct organization_id::text as id from audit_events'),
    );
    expect(visible).toEqual([{ id: own }]);
    expect(await db.app.query('select 1 from audit_events')).toEqual([]);
    await expect(inOrganization(db.app, own, (sql) => recorder().append(sql, [draft(other)]))).rejects.toMatchObject({
      code: '42501',
    });
    expect(await inOrganization(db.app, own, (sql) => verifyAudit(sql, keyring, own))).toMatchObject({
      valid: true,
      checkedEvents: 2,
    });
  });

  it.each([
    `update audit_events set action = 'nothing'`,
    'delete from audit_events',
    'truncate audit_events',
    'delete from audit_chain_heads',
    `update audit_checkpoints set heads = '{}'`,
    'delete from audit_checkpoints',
    `select gatehouse_drop_audit_partition('audit_events_202001')`,
  ])('may not: %s', async (statement) => {
    const organizationId = newId();
    await append(recorder(), organizationId);
    await expect(inOrganization(db.app, organizationId, (sql) => sql.query(statement))).rejects.toMatchObject({
      code: '42501',
    });
  });
});
