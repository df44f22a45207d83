import type { ApolloServerPlugin, GraphQLRequestContext, GraphQLRequestContextWillSendResponse } from '@apollo/server';
import type { Config } from '#config';
import type { CallOutcome, GraphqlOperationType, Metrics } from '#observability';
import { documentCost } from './document-cost.js';
import { tooComplex } from './document-shape.js';
import type { GraphqlContext } from './graphql-context.js';

/** Around each operation: refuses what costs too much, puts the correlation id into errors, counts and times. */
export function operationPlugin(config: Config, metrics: Metrics): ApolloServerPlugin<GraphqlContext> {
  return {
    requestDidStart: () => {
      const startedAt = performance.now();
      return Promise.resolve({
        didResolveOperation: async ({ schema, document, operation, request }) => {
          const cost = operation ? documentCost(schema, document, operation, request.variables ?? {}) : 0;
          if (cost > config.graphql.maxCost) {
            throw tooComplex(
              `The document may return ${cost} objects; at most ${config.graphql.maxCost} are allowed. Ask for smaller pages.`,
            );
          }
        },
        willSendResponse: async (request) => {
          addCorrelationId(request);
          const labels = { operationType: typeOf(request), outcome: outcomeOf(request) };
          metrics.graphqlOperation(labels, (performance.now() - startedAt) / 1000);
        },
      });
    },
  };
}

type Answered = GraphQLRequestContextWillSendResponse<GraphqlContext>;

function errorsOf({ response }: Answered) {
  return response.body.kind === 'single' ? (response.body.singleResult.errors ?? []) : [];
}

function addCorrelationId(request: Answered): void {
  const { body } = request.response;
  if (body.kind !== 'single' || !body.singleResult.errors) return;
  const { requestId } = request.contextValue.ctx;
  body.singleResult.errors = body.singleResult.errors.map(({ extensions, ...error }) =>
    Object.assign(error, { extensions: { ...extensions, correlationId: requestId } }),
  );
}

const typeOf = ({ operation }: GraphQLRequestContext<GraphqlContext>): GraphqlOperationType =>
  operation?.operation ?? 'other';

const denials = new Set<unknown>(['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND']);

function outcomeOf(request: Answered): CallOutcome {
  const errors = errorsOf(request);
  if (errors.length === 0) return 'allowed';
  return errors.every(({ extensions }) => denials.has(extensions?.code)) ? 'denied' : 'failed';
}
