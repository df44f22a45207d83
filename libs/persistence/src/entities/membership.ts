import { defineEntity, p } from '@mikro-orm/core';
import { teamRoles } from '#contracts';
import { identified } from './identified.js';
import { timestamped } from './timestamped.js';
import { Team } from './team.js';
import { User } from './user.js';

const schema = defineEntity({
  name: 'Membership',
  tableName: 'memberships',
  properties: {
    ...identified,
    teamId: () => p.manyToOne(Team).mapToPk().fieldName('team_id').deleteRule('cascade').index(),
    userId: () => p.manyToOne(User).mapToPk().fieldName('user_id').deleteRule('cascade').index(),
    role: p.enum(teamRoles),
    ...timestamped,
  },
  uniques: [{ name: 'memberships_team_user_unique', properties: ['teamId', 'userId'] }],
});

/** A user in a team, with the role held there. */
export class Membership extends schema.class {}
schema.setClass(Membership);
