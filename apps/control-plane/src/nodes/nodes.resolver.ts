import { Args, Context, ID, Query, Resolver } from '@nestjs/graphql';
import { decodeGlobalId, DomainError, notFound } from '#kernel';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { loadables, type LoadableName } from '../graphql/loadable.js';
import { Node } from '../graphql/node.js';

@Resolver()
export class NodesResolver {
  @Query(() => Node, { name: 'node', nullable: true, description: 'The object with this id.' })
  async node(@Args('id', { type: () => ID }) id: string, @Context() { loaders }: GraphqlContext) {
    const { type, uuid } = parts(id);
    return (await loaders.find(type, uuid)) ?? Promise.reject(notFound(type));
  }
}

/** Rows that are loaded but are no nodes of the API. */
const internal = new Set<string>(['RoleBinding']);

function parts(id: string): { type: LoadableName; uuid: string } {
  const decoded = decodeGlobalId(id);
  if (!decoded || !Object.hasOwn(loadables, decoded.type) || internal.has(decoded.type)) {
    throw new DomainError('BAD_USER_INPUT', 'id is not an id of this API.', { field: 'id' });
  }
  return { type: decoded.type as LoadableName, uuid: decoded.uuid };
}
