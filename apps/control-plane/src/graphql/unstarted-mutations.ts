import type { ApolloServerPlugin } from '@apollo/server';
import {
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { DomainError, errorCodes, type ErrorCode } from '#kernel';
import type { RefusalLog } from '../refusals/refusal-log.js';
import { auditedAs } from './access-table.js';
import type { GraphqlContext } from './graphql-context.js';

/** Records mutations that were refused between reading the document and running it: malformed variables, too high a cost. */
export function recordUnstartedMutations(refusals: RefusalLog): ApolloServerPlugin<GraphqlContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse: async ({ operation, document, response: { body }, contextValue }) => {
          if (
            operation?.operation !== OperationTypeNode.MUTATION ||
            body.kind !== 'single' ||
            body.singleResult.data !== undefined
          )
            return;
          const { extensions } = body.singleResult.errors?.[0] ?? {};
          const code = codeOf(extensions?.reason ?? extensions?.code);
          for (const name of rootFields(operation, document)) {
            const error = new DomainError(code, 'The mutation did not start.');
            await refusals.operationRefused(contextValue.ctx, auditedAs(name), error);
          }
        },
      }),
  };
}

const codeOf = (text: unknown): ErrorCode =>
  typeof text === 'string' && Object.hasOwn(errorCodes, text) ? (text as ErrorCode) : 'INTERNAL';

/** The names of the mutations that an operation asks for; each counts once. */
function rootFields({ selectionSet }: OperationDefinitionNode, document: DocumentNode | undefined): Set<string> {
  const fragments = new Map(
    (document?.definitions ?? []).flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node.selectionSet] as const] : [],
    ),
  );
  const names = new Set<string>();
  const visit = (set: SelectionSetNode): void => {
    for (const node of set.selections) {
      if (node.kind === Kind.FIELD) names.add(node.name.value);
      else if (node.kind === Kind.INLINE_FRAGMENT) visit(node.selectionSet);
      else visitFragment(node.name.value);
    }
  };
  const visitFragment = (name: string): void => {
    const set = fragments.get(name);
    // Once is enough, and a fragment may be spread a thousand times.
    fragments.delete(name);
    if (set) visit(set);
  };
  visit(selectionSet);
  return names;
}
