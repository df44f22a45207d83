import { AuditEventsModule } from './audit-events/audit-events.module.js';
import { MembershipsModule } from './memberships/memberships.module.js';
import { NodesModule } from './nodes/nodes.module.js';
import { PromptsModule } from './prompts/prompts.module.js';
import { ResourceTemplatesModule } from './resource-templates/resource-templates.module.js';
import { ResourcesModule } from './resources/resources.module.js';
import { SetupModule } from './first-admin/setup.module.js';
import { SignInModule } from './sign-in/sign-in.module.js';
import { TeamsModule } from './teams/teams.module.js';
import { TokensModule } from './tokens/tokens.module.js';
import { ToolsModule } from './tools/tools.module.js';
import { UpstreamsModule } from './upstreams/upstreams.module.js';
import { UsersModule } from './users/users.module.js';
import { ViewerModule } from './viewer/viewer.module.js';
import { VirtualServersModule } from './virtual-servers/virtual-servers.module.js';

/** One module a folder: everything that the GraphQL schema is made of. */
export const nouns = [
  ViewerModule,
  NodesModule,
  SignInModule,
  SetupModule,
  UsersModule,
  TeamsModule,
  MembershipsModule,
  UpstreamsModule,
  ToolsModule,
  ResourcesModule,
  ResourceTemplatesModule,
  PromptsModule,
  VirtualServersModule,
  TokensModule,
  AuditEventsModule,
];
