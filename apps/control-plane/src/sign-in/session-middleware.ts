import type { RequestHandler } from 'express';
import session from 'express-session';
import type { ControlPlaneDeps } from '../dependencies.js';
import { sessionCookie } from './browser-session.js';
import { DatabaseSessionStore } from './database-session-store.js';

/** Loads the session of the cookie, if there is one; a session begins at sign-in only. */
export function sessionMiddleware(
  { config, keyring, sessions, clock }: ControlPlaneDeps,
  publicUrl: () => string,
): RequestHandler {
  const { sessionIdle: idle, sessionAbsolute: absolute } = config.auth;
  const handler = (secure: boolean): RequestHandler =>
    session({
      name: sessionCookie,
      secret: keyring.key('sessions').toString('hex'),
      store: new DatabaseSessionStore(sessions, { idle, absolute }, clock),
      resave: false,
      saveUninitialized: false,
      // The cookie lives as long as a session can; the idle deadline is the store's business.
      cookie: { httpOnly: true, sameSite: 'lax', path: '/', secure, maxAge: absolute },
    });
  const [plain, secure] = [handler(false), handler(true)];
  return (req, res, next) => {
    const https = publicUrl().startsWith('https:');
    // Browsers come by the public URL; a proxy ends TLS before us, and its headers are not needed to know that.
    if (https) Object.defineProperty(req, 'secure', { value: true, configurable: true });
    (https ? secure : plain)(req, res, next);
  };
}
