import { Module } from '@nestjs/common';
import { MembershipsResolver } from './memberships.resolver.js';
import { MembershipsService } from './memberships.service.js';
import { TeamMembershipsResolver } from './team-memberships.resolver.js';
import { UserTeamsResolver } from './user-teams.resolver.js';
import { UserMembershipsResolver } from './user-memberships.resolver.js';

@Module({
  providers: [
    MembershipsResolver,
    MembershipsService,
    TeamMembershipsResolver,
    UserMembershipsResolver,
    UserTeamsResolver,
  ],
})
export class MembershipsModule {}
