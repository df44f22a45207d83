import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { verifyUserPassword } from '#authn';
import type { Config } from '#config';
import { hashPassword, type PasswordParams } from '#crypto';
import { DomainError, type CallContext, type UserActor } from '#kernel';
import { IdentityStore, UnitOfWork, userActor, type StoredIdentity } from '#persistence';
import { CONFIG } from '../dependencies.js';
import { passwordParams } from './password-params.js';
import { SignInThrottle } from './sign-in-throttle.js';
import type { signInInput } from './sign-in.types.js';

type SignIn = z.output<typeof signInInput>;

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
  ) {
    this.params = passwordParams(config);
  }

  /**
   * Checks the password, records the sign-in, then calls `begin` for the session: none begins unrecorded.
   * @throws DomainError UNAUTHENTICATED, the same for an unknown user, a disabled one and a wrong password; RATE_LIMITED.
   */
  async signIn(ctx: CallContext, input: SignIn, begin: (actor: UserActor) => Promise<void>): Promise<UserActor> {
    const organization = input.organization ?? this.config.admin.organization;
    const key = JSON.stringify([ctx.ip, organization, input.email]);
    this.throttle.assertFree(key);
    const identity = await this.identities.findByEmail(organization, input.email);
    const { ok, needsRehash } = await verifyUserPassword(
      input.password,
      identity?.active ? identity.passwordHash : null,
      this.params,
    );
    if (!identity || !ok) throw await this.refuse(ctx, organization, identity, input.email);
    this.throttle.clear(key);
    const actor = userActor(identity);
    await this.unitOfWork.write({ ...ctx, actor }, { ...create, subjectId: identity.userId }, async (tx) => {
      const user = needsRehash ? await tx.users.find(identity.userId) : null;
      if (user) user.passwordHash = await hashPassword(input.password, this.params);
    });
    await begin(actor);
    return actor;
  }

  /** Ends the session of the caller, if there is one. */
  async signOut(ctx: CallContext, end: () => Promise<void>): Promise<boolean> {
    const { actor } = ctx;
    if (actor.kind !== 'user' || actor.sessionId === null) return false;
    const operation = { action: 'session.delete', subjectType: 'User', subjectId: actor.userId };
    await this.unitOfWork.write(ctx, operation, end);
    return true;
  }

  /** Records the failure where the attempt was aimed at; nobody is signed in, so the program itself writes. */
  private async refuse(
    ctx: CallContext,
    slug: string,
    identity: StoredIdentity | null,
    email: string,
  ): Promise<DomainError> {
    const error = new DomainError('UNAUTHENTICATED', 'The e-mail address or the password is wrong.');
    const organizationId = identity?.organizationId ?? (await this.organizationFor(slug));
    if (organizationId === null) return error;
    const actor = { kind: 'system', organizationId, name: 'control-plane:sign-in' } as const;
    await this.unitOfWork.recordRefusal({ ...ctx, actor }, { ...create, subjectId: identity?.userId ?? email }, error);
    return error;
  }

  private async organizationFor(slug: string): Promise<string | null> {
    const found =
      (await this.identities.findOrganization(slug)) ??
      (await this.identities.findOrganization(this.config.admin.organization));
    return found?.id ?? null;
  }
}
