import session from 'express-session';
import { sha256Hex } from '#crypto';
import type { Clock } from '#kernel';
import type { SessionStore } from '#persistence';

/** How long sessions live, in milliseconds: without use, and at all. */
export interface SessionLimits {
  readonly idle: number;
  readonly absolute: number;
}

/** Keeps express-session's sessions in PostgreSQL under the SHA-256 of their id: a copy of the table signs nobody in. */
export class DatabaseSessionStore extends session.Store {
  constructor(
    private readonly sessions: SessionStore,
    private readonly limits: SessionLimits,
    private readonly clock: Clock,
  ) {
    super();
  }

  override get(id: string, done: (error: unknown, data?: session.SessionData | null) => void): void {
    const now = this.clock.now();
    this.sessions
      .find(sha256Hex(id), new Date(now), new Date(now - this.limits.absolute))
      .then((found) => (found ? (JSON.parse(found.data) as session.SessionData) : null))
      .then((data) => done(null, data), done);
  }

  override set(id: string, data: session.SessionData, done: (error?: unknown) => void = () => undefined): void {
    const { userId, organizationId, ip, userAgent } = data;
    const row = {
      id: sha256Hex(id),
      organizationId,
      userId,
      data: JSON.stringify(data),
      ip: ip ?? null,
      userAgent: userAgent ?? null,
      expiresAt: this.idleDeadline(),
    };
    this.sessions.save(row).then(() => done(), done);
  }

  override touch(id: string, _data: session.SessionData, done: (error?: unknown) => void = () => undefined): void {
    this.sessions.touch(sha256Hex(id), this.idleDeadline()).then(() => done(), done);
  }

  override destroy(id: string, done: (error?: unknown) => void = () => undefined): void {
    this.sessions.remove(sha256Hex(id)).then(() => done(), done);
  }

  private idleDeadline(): Date {
    return new Date(this.clock.now() + this.limits.idle);
  }
}
