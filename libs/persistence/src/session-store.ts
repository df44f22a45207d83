import type { SqlExecutor } from '#postgres';

/** One browser session, keyed by the SHA-256 of its cookie id. */
export interface StoredSession {
  readonly id: string;
  readonly organizationId: string;
  readonly userId: string;
  /** JSON of the session middleware. */
  readonly data: string;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly expiresAt: Date;
}

/** Keeps sessions; runs as `gatehouse_system`, since the organization is known only after the look-up. */
export class SessionStore {
  constructor(private readonly sql: SqlExecutor) {}

  /** The live session with this id, or null; past either deadline it is gone. */
  async find(id: string, now: Date, createdAfter: Date): Promise<{ data: string; userId: string } | null> {
    const rows = await this.sql.query<{ data: string; user_id: string }>(
      'select data, user_id from sessions where id = $1 and expires_at > $2 and created_at > $3',
      [id, now, createdAfter],
    );
    return rows[0] ? { data: rows[0].data, userId: rows[0].user_id } : null;
  }

  /** Writes a session, new or known. */
  async save(session: StoredSession): Promise<void> {
    await this.sql.query(
      `insert into sessions (id, organization_id, user_id, data, ip, user_agent, created_at, last_seen_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, now(), now(), $7)
       on conflict (id) do update set data = excluded.data, expires_at = excluded.expires_at, last_seen_at = now()`,
      [
        session.id,
        session.organizationId,
        session.userId,
        session.data,
        session.ip,
        session.userAgent?.slice(0, 500) ?? null,
        session.expiresAt,
      ],
    );
  }

  /** Moves the idle deadline. */
  async touch(id: string, expiresAt: Date): Promise<void> {
    await this.sql.query('update sessions set expires_at = $2, last_seen_at = now() where id = $1', [id, expiresAt]);
  }

  /** Ends a session. */
  async remove(id: string): Promise<void> {
    await this.sql.query('delete from sessions where id = $1', [id]);
  }
}
