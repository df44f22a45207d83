import type { Request, RequestHandler } from 'express';
import { looksLikeApiToken, parseBearer } from '#authn';
import { hashToken, sha256Hex } from '#crypto';
import type { Actor, CallContext, UserActor } from '#kernel';
import { userActor, type IdentityStore } from '#persistence';
import type { ControlPlaneDeps } from '../dependencies.js';
import { requestIdOf } from '../http/correlate.js';
import { keepRequestState } from '../http/request-state.js';
import { BrowserSession } from './browser-session.js';
import type { RefusalLog } from '../refusals/refusal-log.js';
import type { TokenUses } from './token-uses.js';

const anonymous: Actor = { kind: 'anonymous', organizationId: null };

/** Who wants to know about credentials that came in, good and bad. */
export interface Watchers {
  readonly tokenUses: TokenUses;
  readonly refusals: RefusalLog;
}

/** Finds out who asks: the owner of the bearer token if there is an Authorization header, else the user of the cookie. */
export function identify(
  { identities, clock, metrics }: ControlPlaneDeps,
  { tokenUses, refusals }: Watchers,
): RequestHandler {
  return async (req, res, next) => {
    const hasCredential = req.headers.authorization !== undefined;
    const browser = new BrowserSession(req, res, !hasCredential);
    const found = await (hasCredential ? actorOfBearer(identities, req) : actorOfSession(identities, browser, req));
    const ip = req.ip ?? null;
    if (found) tokenUses.note(found);
    else if (hasCredential) {
      metrics.refusedCredential('control-plane-bearer');
      refusals.strangerRefused({ ip, reason: 'UNAUTHENTICATED' });
    }
    const ctx: CallContext = {
      actor: found ?? anonymous,
      clock,
      requestId: requestIdOf(res),
      ip,
      userAgent: req.get('user-agent')?.slice(0, 500) ?? null,
    };
    keepRequestState(res, { browser, ctx });
    next();
  };
}

async function actorOfBearer(identities: IdentityStore, req: Request): Promise<UserActor | null> {
  const token = parseBearer(req.headers.authorization);
  return token !== null && looksLikeApiToken(token) ? identities.findTokenActor(hashToken(token)) : null;
}

/** Reads user and roles anew with every request: a removed role or a disabled user counts at once. */
async function actorOfSession(
  identities: IdentityStore,
  browser: BrowserSession,
  req: Request,
): Promise<UserActor | null> {
  if (browser.userId === null) return null;
  const user = await identities.findUser(browser.userId);
  return user?.active ? { ...userActor(user), sessionId: sha256Hex(req.sessionID) } : null;
}
