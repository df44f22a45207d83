import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { checkPasswordPolicy } from '#authn';
import type { Config } from '#config';
import { hashPassword, hashToken } from '#crypto';
import { DomainError, type CallContext, type UserActor } from '#kernel';
import { IdentityStore, UnitOfWork, type WriteTransaction } from '#persistence';
import { CONFIG } from '../dependencies.js';
import { SignInThrottle } from '../sign-in/sign-in-throttle.js';
import { passwordParams } from '../sign-in/password-params.js';
import { addOwner } from './ensure-first-admin.js';
import type { completeSetupInput } from './setup.types.js';

type CompleteSetup = z.output<typeof completeSetupInput>;

const unusable = () =>
  new DomainError(
    'BAD_USER_INPUT',
    'This link is not valid: it was used, has expired, or a newer one was printed. Restart the server for a new link.',
    { field: 'token' },
  );

/** The one-time link: turns its bearer into the first owner of the organization. */
@Injectable()
export class SetupService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly identities: IdentityStore,
    @Inject(CONFIG) private readonly config: Config,
    private readonly throttle: SignInThrottle,
  ) {}

  /**
   * Uses the link up and creates the owner, in one transaction.
   * @throws DomainError BAD_USER_INPUT for a link that is unknown, used, expired or overtaken, and for a weak password.
   */
  async complete(ctx: CallContext, input: CompleteSetup): Promise<UserActor> {
    checkPasswordPolicy(input.password, { email: input.email });
    const attempt = this.throttle.begin(ctx.ip, 'setup');
    const organization = await this.identities.findOrganization(this.config.admin.organization);
    if (!organization) throw unusable();
    const actor = { kind: 'system', organizationId: organization.id, name: 'control-plane:setup' } as const;
    const systemCtx = { ...ctx, actor };
    const userId = await this.unitOfWork.write(
      systemCtx,
      { action: 'setup.complete', subjectType: 'User' },
      async (tx) => {
        await useLink(tx, hashToken(input.token), new Date(ctx.clock.now()));
        if ((await tx.roleBindings.count({ role: 'organization-owner' })) > 0) throw unusable();
        const { email, displayName, password } = input;
        // After the link: guessing tokens must not be able to make the server hash passwords.
        const passwordHash = await hashPassword(password, passwordParams(this.config));
        const user = addOwner(tx, { email, displayName, passwordHash });
        tx.report({ subjectId: user.id, details: { email } });
        return user.id;
      },
    );
    attempt.succeeded();
    const roles = [{ role: 'organization-owner', teamId: null }];
    return {
      kind: 'user',
      userId,
      organizationId: organization.id,
      sessionId: null,
      tokenId: null,
      roles,
      scope: null,
    };
  }
}

/** One statement decides who gets the link: of two that come at once, the second finds it used. */
async function useLink(tx: WriteTransaction, tokenHash: string, now: Date): Promise<void> {
  const used = await tx.sql.query(
    'update setup_links set used_at = $2 where token_hash = $1 and used_at is null and expires_at > $2 returning id',
    [tokenHash, now],
  );
  if (used.length === 0) throw unusable();
}
