import { callbackify } from 'node:util';
import session from 'express-session';
import { sha256Hex } from '#crypto';
import type { Clock } from '#kernel';
import type { SessionStore } from '#persistence';

/** How long sessions live, in milliseconds: without use, and at all. */
export interface SessionLimits {
  readonly idle: number;
  readonly absolute: number;
}

type Done = (error?: unknown) => void;
const ignore: Done = () => undefined;

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
    callbackify(() => this.find(id))(done);
  }

  override set(id: string, data: session.SessionData, done: Done = ignore): void {
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
    callbackify(() => this.sessions.save(row))(done);
  }

  override touch(id: string, _data: session.SessionData, done: Done = ignore): void {
    callbackify(() => this.sessions.touch(sha256Hex(id), this.idleDeadline()))(done);
  }

  override destroy(id: string, done: Done = ignore): void {
    callbackify(() => this.sessions.remove(sha256Hex(id)))(done);
  }

  private async find(id: string): Promise<session.SessionData | null> {
    const now = this.clock.now();
    const createdAfter = new Date(now - this.limits.absolute);
    const found = await this.sessions.find(sha256Hex(id), new Date(now), createdAfter);
    return found ? (JSON.parse(found.data) as session.SessionData) : null;
  }

  private idleDeadline(): Date {
    return new Date(this.clock.now() + this.limits.idle);
  }
}
