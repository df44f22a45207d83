import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobPayload } from '#contracts';
import { DomainError } from '#kernel';
import { seedUpstream } from './catalog-seed.js';
import { startTestControlPlane, type TestControlPlane, type TestUser } from './control-plane-harness.js';

const mutation = (name: 'check' | 'sync') => {
  const input = name === 'check' ? 'CheckUpstreamInput' : 'SyncUpstreamInput';
  return `mutation($input: ${input}!) { ${name}Upstream(input: $input) { operation { id kind state code message result finishedAt upstream { slug } } upstream { health healthCode } userErrors { code } } }`;
};

type Answer = 'succeed' | 'fail' | 'stay silent' | 'refuse' | 'lose the upstream';

/** Stands where the queue stands, and does what the worker would: it answers in the operation's row. */
class AnsweringQueue {
  answer: Answer = 'succeed';
  readonly jobs: { queue: string; payload: JobPayload<'sync-catalog'>; requestId: string }[] = [];
  write: TestControlPlane['seed']['write'] | null = null;

  readonly enqueue = async (queue: string, payload: unknown, { requestId }: { requestId: string }): Promise<void> => {
    if (this.answer === 'refuse') throw new DomainError('DATABASE_UNAVAILABLE', 'The job store does not answer.');
    const job = { queue, payload: payload as JobPayload<'sync-catalog'>, requestId };
    this.jobs.push(job);
    if (this.answer !== 'stay silent') setTimeout(() => void this.work(job.payload), 150);
  };

  private async work({ organizationId, upstreamId, operationId }: JobPayload<'sync-catalog'>): Promise<void> {
    await this.write?.(organizationId, async (tx) => {
      const upstream = await tx.upstreams.find(upstreamId);
      const operation = operationId && (await tx.upstreamOperations.find(operationId));
      if (!operation || !upstream) throw new Error('the job came before its row');
      if (this.answer === 'lose the upstream') return tx.upstreams.remove(upstream);
      const failed = this.answer === 'fail';
      Object.assign(upstream, { health: failed ? 'UNHEALTHY' : 'HEALTHY', healthCode: failed ? 'UPSTREAM_TLS' : null });
      Object.assign(operation, {
        ...{ state: failed ? 'FAILED' : 'SUCCEEDED', code: upstream.healthCode, finishedAt: new Date() },
        ...{ message: failed ? 'The TLS handshake failed.' : null, result: '{"added":3}' },
      });
    });
  }
}

describe('checkUpstream and syncUpstream', () => {
  const queue = new AnsweringQueue();
  let cp: TestControlPlane;
  let admin: TestUser;
  let id: string;
  let rawId: string;

  beforeAll(async () => {
    cp = await startTestControlPlane({ GATEHOUSE_GRAPHQL_OPERATION_WAIT: '2s' }, { jobs: queue });
    queue.write = cp.seed.write.bind(cp.seed);
    admin = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-admin' });
    const { upstream } = await seedUpstream(cp.seed, cp.organizationId, 'files', { owner: admin });
    id = upstream.globalId;
    rawId = upstream.id;
  });
  afterAll(() => cp[Symbol.asyncDispose]());

  it('answer with what the worker found, the upstream as it then is [GQL-8]', async () => {
    queue.answer = 'succeed';
    const { data, headers } = await admin.query(mutation('check'), { input: { id } });
    expect(data.checkUpstream).toMatchObject({
      operation: { kind: 'CHECK', state: 'SUCCEEDED', result: { added: 3 }, code: null, upstream: { slug: 'files' } },
      upstream: { health: 'HEALTHY', healthCode: null },
      userErrors: [],
    });
    expect(data.checkUpstream.operation.finishedAt).not.toBeNull();
    const operationId = Buffer.from(data.checkUpstream.operation.id, 'base64url').toString().split(':')[1];
    expect(queue.jobs.at(-1)).toEqual({
      queue: 'check-upstream-health',
      payload: { organizationId: cp.organizationId, upstreamId: rawId, operationId },
      requestId: headers.get('x-request-id'),
    });
    const event = (await cp.audit()).findLast(({ action }) => action === 'upstream.check');
    expect(event).toMatchObject({ outcome: 'ALLOWED', subject_id: rawId });
    expect(JSON.parse(event?.details ?? '')).toEqual({ slug: 'files', operationId });
  });

  it('answer a failure with its code', async () => {
    queue.answer = 'fail';
    const { data } = await admin.query(mutation('sync'), { input: { id } });
    expect(data.syncUpstream).toMatchObject({
      operation: { kind: 'SYNC', state: 'FAILED', code: 'UPSTREAM_TLS', message: 'The TLS handshake failed.' },
      upstream: { health: 'UNHEALTHY', healthCode: 'UPSTREAM_TLS' },
    });
    expect(queue.jobs.at(-1)?.queue).toBe('sync-catalog');
  });

  it('answer PENDING after the wait, and the operation is found by its id later [GQL-8]', async () => {
    queue.answer = 'stay silent';
    const startedAt = performance.now();
    const { data } = await admin.query(mutation('sync'), { input: { id } });
    expect(performance.now() - startedAt).toBeGreaterThan(1900);
    const { operation } = data.syncUpstream;
    expect(operation).toMatchObject({ state: 'PENDING', finishedAt: null });
    const { operationId } = queue.jobs.at(-1)?.payload ?? {};
    await cp.seed.write(cp.organizationId, async (tx) => {
      const row = await tx.upstreamOperations.find(operationId ?? '');
      if (row) Object.assign(row, { state: 'SUCCEEDED', finishedAt: new Date() });
    });
    const later = await admin.query('query($id: ID!) { node(id: $id) { ... on UpstreamOperation { state } } }', {
      id: operation.id,
    });
    expect(later.data.node.state).toBe('SUCCEEDED');
  });

  it('answer FAILED when the job store is away: nothing stays pending for ever', async () => {
    queue.answer = 'refuse';
    const { data } = await admin.query(mutation('check'), { input: { id } });
    expect(data.checkUpstream.operation).toMatchObject({ state: 'FAILED', code: 'DATABASE_UNAVAILABLE' });
  });

  it('answer NOT_FOUND when the upstream is deleted meanwhile', async () => {
    const { upstream } = await seedUpstream(cp.seed, cp.organizationId, 'going', { owner: admin });
    queue.answer = 'lose the upstream';
    const { errors } = await admin.query(mutation('check'), { input: { id: upstream.globalId } });
    expect(errors[0]).toMatchObject({ message: 'Upstream not found.', extensions: { code: 'NOT_FOUND' } });
  });

  it('need the right to change the upstream', async () => {
    const reader = await cp.seed.user(cp.organizationId);
    const before = queue.jobs.length;
    const { errors } = await reader.query(mutation('check'), { input: { id } });
    expect(errors[0]?.extensions.code).toBe('FORBIDDEN');
    expect(queue.jobs).toHaveLength(before);
    const event = (await cp.audit()).at(-1);
    expect(event).toMatchObject({ action: 'upstream.check', outcome: 'DENIED', reason: 'FORBIDDEN' });
  });
});
