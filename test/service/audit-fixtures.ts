import { connect, createServer, type Socket } from 'node:net';
import { inject } from 'vitest';
import type { AuditEventDraft } from '#contracts';
import { createKeyring, type Keyring } from '#crypto';
import { newId, newRequestId } from '#kernel';
import { APP_ROLE, createPool, SYSTEM_ROLE, type DatabasePool, type SqlExecutor } from '#postgres';
import { createTestDatabase } from '#testing';

export const keyring: Keyring = createKeyring(Buffer.alloc(32, 7));

/** A migrated database with one pool per role; `owner` is the superuser, who can tamper. */
export async function openAuditDatabase() {
  const database = await createTestDatabase(inject('pgUrl'));
  const owner = createPool({ url: database.url, max: 2 });
  const app = createPool({ url: database.url, role: APP_ROLE, max: 8 });
  const system = createPool({ url: database.url, role: SYSTEM_ROLE, max: 4 });
  return {
    url: database.url,
    owner,
    app,
    system,
    async close(): Promise<void> {
      await Promise.all([owner.end(), app.end(), system.end()]);
      await database[Symbol.asyncDispose]();
    },
  };
}

export type AuditDatabase = Awaited<ReturnType<typeof openAuditDatabase>>;

export const draft = (organizationId: string, more: Partial<AuditEventDraft> = {}): AuditEventDraft => ({
  organizationId,
  occurredAt: Date.now(),
  action: 'upstream.create',
  outcome: 'ALLOWED',
  reason: null,
  actorKind: 'user',
  actorUserId: newId(),
  actorTokenId: null,
  subjectType: 'Upstream',
  subjectId: newId(),
  requestId: newRequestId(),
  ip: '127.0.0.1',
  durationMs: 1.2345678,
  details: { slug: 'files', n: 1e21, nested: { 2: 'b', 1: 'a' } },
  body: null,
  ...more,
});

/** A transaction bound to an organization, as the unit of work makes them. */
export const inOrganization = <T>(
  pool: DatabasePool,
  organizationId: string,
  fn: (sql: SqlExecutor) => Promise<T>,
): Promise<T> =>
  pool.transaction(async (sql) => {
    await sql.query(`select set_config('gatehouse.organization', $1, true)`, [organizationId]);
    return fn(sql);
  });

export const countEvents = async (sql: SqlExecutor, organizationId: string): Promise<number> => {
  const [row] = await sql.query<{ n: number }>(
    'select count(*)::int as n from audit_events where organization_id = $1',
    [organizationId],
  );
  return row?.n ?? -1;
};

/** A way to a database that can be cut, blocked and mended: what the network does to us. */
export async function startLink(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let mode: 'up' | 'cut' | 'silent' | 'deaf' = 'up';
  const server = createServer((client) => {
    if (mode === 'cut') {
      client.destroy();
      return;
    }
    let swallow = false;
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (mode === 'silent') return;
      // The question "COMMIT" arrives, its answer gets lost: the outcome is unknown to the client.
      if (mode === 'deaf' && bytes.includes('COMMIT')) swallow = true;
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (swallow) client.destroy();
      else if (mode !== 'silent') client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const through = new URL(databaseUrl);
  through.hostname = '127.0.0.1';
  through.port = String(address.port);
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: through.href,
    set(next: typeof mode): void {
      mode = next;
      if (next === 'cut') cutAll();
    },
    async close(): Promise<void> {
      cutAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
