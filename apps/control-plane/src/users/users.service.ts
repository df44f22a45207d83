import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { assertCan, assertMayGrant, assertMayManageUser } from '#authz';
import { checkPasswordPolicy } from '#authn';
import type { Config } from '#config';
import { hashPassword } from '#crypto';
import { DomainError, type CallContext, type Page, type PageRequest } from '#kernel';
import { UnitOfWork, type User, type WriteTransaction } from '#persistence';
import { abilityOf } from '../access/ability-of.js';
import { findReadable, readableWhere } from '../access/find-readable.js';
import { organizationOf } from '../access/organization-of.js';
import { CONFIG } from '../dependencies.js';
import { passwordParams } from '../sign-in/password-params.js';
import { assertOwnerRemains } from './assert-owner-remains.js';
import type { createUserInput, updateUserInput } from './user.types.js';

/** Use cases of users. */
@Injectable()
export class UsersService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  page(ctx: CallContext, request: PageRequest): Promise<Page<User>> {
    return this.unitOfWork.read(ctx, (tx) => tx.users.page(readableWhere(ctx, 'User'), request));
  }

  async create(ctx: CallContext, input: z.output<typeof createUserInput>): Promise<User> {
    const { email, displayName, password, organizationRole } = input;
    if (password != null) checkPasswordPolicy(password, { email });
    return this.unitOfWork.write(ctx, { action: 'user.create', subjectType: 'User' }, async (tx) => {
      const organizationId = organizationOf(ctx);
      assertCan(abilityOf(ctx), 'create', 'User', { organizationId });
      // After the check: a hash costs a tenth of a second, which nobody without the right may spend.
      const passwordHash = password == null ? null : await hashPassword(password, passwordParams(this.config));
      const user = tx.users.create({ email, displayName, passwordHash, status: 'ACTIVE' });
      if (organizationRole) {
        assertMayGrant(abilityOf(ctx), { organizationId, userId: user.id, role: organizationRole, teamId: null });
        tx.roleBindings.create({ userId: user.id, role: organizationRole, expiresAt: null });
      }
      tx.report({ subjectId: user.id, details: { email, organizationRole: organizationRole ?? null } });
      return user;
    });
  }

  /** Disabling a user ends the sessions here; the gateway drops the API tokens with its next snapshot. */
  update(ctx: CallContext, { id, ...changes }: z.output<typeof updateUserInput>): Promise<User> {
    return this.unitOfWork.write(ctx, { action: 'user.update', subjectType: 'User', subjectId: id }, async (tx) => {
      const user = await findReadable(ctx, tx.users, 'User', id);
      const roles = await this.assertMayManage(ctx, tx, user);
      if (changes.status === 'DISABLED' && user.status === 'ACTIVE') await this.disable(ctx, tx, user, roles);
      Object.assign(user, changes);
      tx.report({ details: { changed: Object.keys(changes), status: user.status } });
      return user;
    });
  }

  private async assertMayManage(ctx: CallContext, tx: WriteTransaction, user: User): Promise<string[]> {
    const roles = (await tx.roleBindings.list({ userId: user.id })).map(({ role }) => role);
    const teamIds = (await tx.memberships.list({ userId: user.id })).map(({ teamId }) => teamId);
    const { id, organizationId } = user;
    assertMayManageUser(abilityOf(ctx), 'update', { id, organizationId, teamIds }, roles);
    return roles;
  }

  private async disable(ctx: CallContext, tx: WriteTransaction, user: User, roles: readonly string[]): Promise<void> {
    if (ctx.actor.kind === 'user' && ctx.actor.userId === user.id) {
      throw new DomainError('CONFLICT', 'You cannot disable yourself; ask another administrator.', { field: 'status' });
    }
    if (roles.includes('organization-owner')) await assertOwnerRemains(tx, user.id);
    await tx.sql.query('delete from sessions where user_id = $1', [user.id]);
  }
}
