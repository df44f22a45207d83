import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { verifyUserPassword } from '#authn';
import type { Config } from '#config';
import { hashPassword, type PasswordParams } from '#crypto';
import { DomainError, type CallContext, type UserActor } from '#kernel';
import { IdentityStore, UnitOfWork, userActor } from '#persistence';
import { CONFIG } from '../dependencies.js';
import { RefusalLog } from '../refusals/refusal-log.js';
import type { BrowserSession } from './browser-session.js';
import { passwordParams } from './password-params.js';
import { SignInThrottle } from './sign-in-throttle.js';
import type { signInInput } from './sign-in.types.js';

type SignIn = z.output<typeof signInInput>;
type SignInBrowser = Pick<BrowserSession, 'start' | 'end'>;

const create = { action: 'session.create', subjectType: 'User' } as const;

/** Sign-in with e-mail and password, and sign-out. */
@Injectable()
export class SignInService {
  private readonly params: PasswordParams;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly identities: IdentityStore,
    private readonly unitOfWork: UnitOfWork,
    private readonly throttle: SignInThrottle,
    private readonly refusals: RefusalLog,
  ) {
    this.params = passwordParams(config);
  }

  /**
   * Checks the password, then begins a session with `browser` and records that, both or neither.
   * @throws DomainError UNAUTHENTICATED, the same for an unknown user, a disabled one and a wrong password; RATE_LIMITED.
   */
  async signIn(ctx: CallContext, input: SignIn, browser: SignInBrowser): Promise<UserActor> {
    const slug = input.organization ?? this.config.admin.organization;
    const attempt = this.throttle.begin(ctx.ip, JSON.stringify([slug, input.email]));
    // Every attempt asks the same questions, so that the time does not tell who exists.
    const organization = await this.identities.findOrganization(slug);
    const fallback = await this.refusals.defaultOrganization();
    const identity = await this.identities.findByEmail(slug, input.email);
    const { ok, needsRehash } = await verifyUserPassword(
      input.password,
      identity?.active ? identity.passwordHash : null,
      this.params,
    );
    if (!identity || !ok) {
      const error = new DomainError('UNAUTHENTICATED', 'The e-mail address or the password is wrong.');
      await this.recordFailure(ctx, organization?.id ?? fallback, identity?.userId ?? input.email, error);
      throw error;
    }
    attempt.succeeded();
    const actor = userActor(identity);
    await this.begin({ ...ctx, actor }, actor, browser, needsRehash ? input.password : null);
    return actor;
  }

  /** Ends the session of the caller; false for a caller by token, who has none. */
  async signOut(ctx: CallContext, end: () => Promise<void>): Promise<boolean> {
    const { actor } = ctx;
    if (actor.kind !== 'user') return false;
    const hasSession = actor.sessionId !== null;
    const operation = { action: 'session.delete', subjectType: 'User', subjectId: actor.userId };
    await this.unitOfWork.write(ctx, operation, async (tx) => {
      tx.report({ details: { hasSession } });
      if (hasSession) await end();
    });
    return hasSession;
  }

  private async begin(
    ctx: CallContext,
    actor: UserActor,
    browser: SignInBrowser,
    rehash: string | null,
  ): Promise<void> {
    try {
      await this.unitOfWork.write(ctx, { ...create, subjectId: actor.userId }, async (tx) => {
        const user = rehash === null ? null : await tx.users.find(actor.userId);
        if (user && rehash !== null) user.passwordHash = await hashPassword(rehash, this.params);
        await browser.start(actor);
      });
    } catch (error) {
      // Sessions are kept outside the transaction: one that is not on record must not live.
      await browser.end();
      throw error;
    }
  }

  /** Records the failure where the attempt was aimed at; how many there can be is bounded by the throttle. */
  private async recordFailure(
    ctx: CallContext,
    organizationId: string | null,
    subjectId: string,
    error: DomainError,
  ): Promise<void> {
    if (organizationId === null) return;
    const stranger = { ...ctx, actor: { kind: 'anonymous', organizationId: null } } as const;
    await this.unitOfWork.recordRefusal(stranger, { ...create, subjectId }, error, { organizationId });
  }
}
