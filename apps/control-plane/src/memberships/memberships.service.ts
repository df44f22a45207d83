import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { assertCan, assertMayGrant } from '#authz';
import type { CallContext } from '#kernel';
import { UnitOfWork, type Membership, type Operation } from '#persistence';
import { abilityOf } from '../access/ability-of.js';
import { findReadable } from '../access/find-readable.js';
import { organizationOf } from '../access/organization-of.js';
import type { createMembershipInput, updateMembershipInput } from './membership.types.js';

const operation = (verb: string, subjectId: string | null = null): Operation => ({
  action: `membership.${verb}`,
  subjectType: 'Membership',
  subjectId,
});

/** Use cases of memberships. A team may be left without an admin: administrators of the organization fill it again. */
@Injectable()
export class MembershipsService {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  create(ctx: CallContext, { teamId, userId, role }: z.output<typeof createMembershipInput>): Promise<Membership> {
    return this.unitOfWork.write(ctx, operation('create'), async (tx) => {
      await findReadable(ctx, tx.teams, 'Team', teamId);
      await findReadable(ctx, tx.users, 'User', userId);
      assertMayGrant(abilityOf(ctx), { organizationId: organizationOf(ctx), teamId, userId, role });
      const membership = tx.memberships.create({ teamId, userId, role });
      tx.report({ subjectId: membership.id, details: { teamId, userId, role } });
      return membership;
    });
  }

  update(ctx: CallContext, { id, role }: z.output<typeof updateMembershipInput>): Promise<Membership> {
    return this.unitOfWork.write(ctx, operation('update', id), async (tx) => {
      const membership = await findReadable(ctx, tx.memberships, 'Membership', id);
      assertCan(abilityOf(ctx), 'update', 'Membership', membership);
      const { teamId, userId, role: before } = membership;
      membership.role = role;
      tx.report({ details: { teamId, userId, before, role } });
      return membership;
    });
  }

  delete(ctx: CallContext, { id }: { id: string }): Promise<Membership> {
    return this.unitOfWork.write(ctx, operation('delete', id), async (tx) => {
      const membership = await findReadable(ctx, tx.memberships, 'Membership', id);
      assertCan(abilityOf(ctx), 'delete', 'Membership', membership);
      tx.memberships.remove(membership);
      const { teamId, userId, role } = membership;
      tx.report({ details: { teamId, userId, role } });
      return membership;
    });
  }
}
