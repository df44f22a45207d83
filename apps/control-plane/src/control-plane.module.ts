import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { GraphQLModule } from '@nestjs/graphql';
import { DependenciesModule, type ControlPlaneDeps, type PublicUrls } from './dependencies.js';
import { AccessGuard } from './graphql/access.guard.js';
import { graphqlOptions } from './graphql/graphql-options.js';
import { nouns } from './nouns.js';

/** The GraphQL service: every noun behind the one access guard. */
@Module({})
export class ControlPlaneModule {
  static of(deps: ControlPlaneDeps, publicUrls: PublicUrls): DynamicModule {
    return {
      module: ControlPlaneModule,
      imports: [DependenciesModule.of(deps, publicUrls), GraphQLModule.forRoot(graphqlOptions(deps)), ...nouns],
      providers: [{ provide: APP_GUARD, useClass: AccessGuard }],
    };
  }
}
