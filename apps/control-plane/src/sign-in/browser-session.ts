import { promisify } from 'node:util';
import type { Request, Response } from 'express';
import { constantTimeEqual, randomToken } from '#crypto';
import { DomainError } from '#kernel';

/** The cookie that carries a session. */
export const sessionCookie = 'gatehouse_session';

declare module 'express-session' {
  interface SessionData {
    userId: string;
    organizationId: string;
    csrfToken: string;
    /** Where the session began; kept for the list of sessions. */
    ip: string | null;
    userAgent: string | null;
  }
}

const promised = (run: (done: (error?: unknown) => void) => void): Promise<void> => promisify(run)();

/** The cookie session of one request. */
export class BrowserSession {
  constructor(
    private readonly req: Request,
    private readonly res: Response,
    /** False while a bearer token speaks: then the cookie does not count. */
    private readonly counts: boolean,
  ) {}

  /** The user that signed in with this cookie, or null. */
  get userId(): string | null {
    return (this.counts && this.req.session?.userId) || null;
  }

  /** What `x-gatehouse-csrf` must say on mutations; null without a session. */
  get csrfToken(): string | null {
    return this.userId === null ? null : (this.req.session.csrfToken ?? null);
  }

  /**
   * Refuses a mutation that a browser was tricked into: a cookie needs the CSRF header beside it, a bearer token does not.
   * @throws DomainError CSRF
   */
  assertCsrf(): void {
    if (this.userId === null) return;
    const given = this.req.get('x-gatehouse-csrf');
    if (given !== undefined && this.csrfToken !== null && constantTimeEqual(given, this.csrfToken)) return;
    throw new DomainError('CSRF', 'Send the header x-gatehouse-csrf with the value of viewer.csrfToken.');
  }

  /** Begins a session under a new id, so that an id that somebody planted before the sign-in is worth nothing. */
  async start(user: { userId: string; organizationId: string }): Promise<void> {
    await promised((done) => this.req.session.regenerate(done));
    const { session, ip } = this.req;
    session.userId = user.userId;
    session.organizationId = user.organizationId;
    session.csrfToken = randomToken();
    session.ip = ip ?? null;
    session.userAgent = this.req.get('user-agent') ?? null;
    await promised((done) => session.save(done));
  }

  /** Ends the session, if there is one, and takes the cookie back. */
  async end(): Promise<void> {
    const session = this.req.session as Request['session'] | undefined;
    if (session) await promised((done) => session.destroy(done));
    this.res.clearCookie(sessionCookie, { path: '/', httpOnly: true, sameSite: 'lax' });
  }
}
