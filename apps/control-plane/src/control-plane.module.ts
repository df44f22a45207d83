import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { GraphQLModule } from '@nestjs/graphql';
import { DependenciesModule, type ControlPlaneDeps, type PublicUrls } from './dependencies.js';
import { AccessGuard } from './graphql/access.guard.js';
import { graphqlOptions } from './graphql/graphql-options.js';
import { RefusalFilter } from './graphql/refusal.filter.js';
import { nouns } from './nouns.js';
import type { RefusalLog } from './refusals/refusal-log.js';

/** The GraphQL service: every noun between the one access guard and the one filter for refusals. */
@Module({})
export class ControlPlaneModule {
  static of(deps: ControlPlaneDeps, publicUrls: PublicUrls, refusals: RefusalLog): DynamicModule {
    return {
      module: ControlPlaneModule,
      imports: [
        DependenciesModule.of(deps, publicUrls, refusals),
        GraphQLModule.forRoot(graphqlOptions(deps, refusals)),
        ...nouns,
      ],
      providers: [
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_FILTER, useClass: RefusalFilter },
      ],
    };
  }
}
