import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import type { Response } from 'express';
import type { Logger } from '#observability';
import type { ControlPlaneDeps } from '../dependencies.js';
import { requestStateOf } from '../http/request-state.js';
import { limitDocumentShape } from './document-shape.js';
import { formatErrorWith } from './format-error.js';
import { GraphqlContext } from './graphql-context.js';
import { operationPlugin } from './operation-plugin.js';
import type { RefusalLog } from '../refusals/refusal-log.js';
import { schemaOptions } from './schema-options.js';
import { recordUnstartedMutations } from './unstarted-mutations.js';

/** Apollo's own remarks; `console` is its default. */
const apolloLogger = (logger: Logger): ApolloDriverConfig['logger'] => ({
  debug: (message) => logger.debug(String(message)),
  info: (message) => logger.info(String(message)),
  warn: (message) => logger.warn(String(message)),
  error: (message) => logger.error(String(message)),
});

/** Apollo, with everything that it would rather do by itself switched off. */
export function graphqlOptions(
  { config, logger, metrics, unitOfWork }: ControlPlaneDeps,
  refusals: RefusalLog,
): ApolloDriverConfig {
  const { maxDepth, maxAliases, maxTokens, introspection } = config.graphql;
  return {
    driver: ApolloDriver,
    path: '/graphql',
    autoSchemaFile: true,
    sortSchema: true,
    buildSchemaOptions: schemaOptions,
    graphiql: false,
    introspection,
    // "Did you mean" would spell out the schema that a refused introspection hides.
    hideSchemaDetailsFromClientErrors: !introspection,
    includeStacktraceInErrorResponses: false,
    persistedQueries: false,
    allowBatchedHttpRequests: true,
    csrfPrevention: true,
    autoTransformHttpErrors: false,
    parseOptions: { maxTokens },
    validationRules: [limitDocumentShape({ maxDepth, maxAliases })],
    logger: apolloLogger(logger),
    formatError: formatErrorWith(logger),
    plugins: [operationPlugin(config, metrics), recordUnstartedMutations(refusals)],
    context: ({ res }: { res: Response }): GraphqlContext => {
      const { ctx, browser } = requestStateOf(res);
      return new GraphqlContext(ctx, browser, unitOfWork);
    },
  };
}
