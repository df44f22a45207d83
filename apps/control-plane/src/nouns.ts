import { MembershipsModule } from './memberships/memberships.module.js';
import { NodesModule } from './nodes/nodes.module.js';
import { SetupModule } from './first-admin/setup.module.js';
import { SignInModule } from './sign-in/sign-in.module.js';
import { TeamsModule } from './teams/teams.module.js';
import { UsersModule } from './users/users.module.js';
import { ViewerModule } from './viewer/viewer.module.js';

/** One module a folder: everything that the GraphQL schema is made of. */
export const nouns = [
  ViewerModule,
  NodesModule,
  SignInModule,
  SetupModule,
  UsersModule,
  TeamsModule,
  MembershipsModule,
];
