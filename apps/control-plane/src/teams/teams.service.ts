import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { assertCan } from '#authz';
import type { CallContext, Page, PageRequest } from '#kernel';
import { UnitOfWork, type Team } from '#persistence';
import { abilityOf } from '../access/ability-of.js';
import { findReadable, readableWhere } from '../access/find-readable.js';
import { organizationOf } from '../access/organization-of.js';
import type { createTeamInput, updateTeamInput } from './team.types.js';

/** Use cases of teams. */
@Injectable()
export class TeamsService {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  page(ctx: CallContext, request: PageRequest): Promise<Page<Team>> {
    return this.unitOfWork.read(ctx, (tx) => tx.teams.page(readableWhere(ctx, 'Team'), request));
  }

  create(ctx: CallContext, input: z.output<typeof createTeamInput>): Promise<Team> {
    return this.unitOfWork.write(ctx, { action: 'team.create', subjectType: 'Team' }, async (tx) => {
      assertCan(abilityOf(ctx), 'create', 'Team', { organizationId: organizationOf(ctx) });
      const team = tx.teams.create({ ...input, description: input.description ?? '' });
      tx.report({ subjectId: team.id, details: { slug: team.slug } });
      return team;
    });
  }

  update(ctx: CallContext, { id, ...changes }: z.output<typeof updateTeamInput>): Promise<Team> {
    return this.unitOfWork.write(ctx, { action: 'team.update', subjectType: 'Team', subjectId: id }, async (tx) => {
      const team = await findReadable(ctx, tx.teams, 'Team', id);
      assertCan(abilityOf(ctx), 'update', 'Team', team);
      Object.assign(team, changes);
      tx.report({ details: { changed: Object.keys(changes) } });
      return team;
    });
  }

  /** Its memberships go with it; upstreams and virtual servers of the team must go first (CONFLICT). */
  delete(ctx: CallContext, { id }: { id: string }): Promise<Team> {
    return this.unitOfWork.write(ctx, { action: 'team.delete', subjectType: 'Team', subjectId: id }, async (tx) => {
      const team = await findReadable(ctx, tx.teams, 'Team', id);
      assertCan(abilityOf(ctx), 'delete', 'Team', team);
      tx.teams.remove(team);
      tx.report({ details: { slug: team.slug } });
      return team;
    });
  }
}
