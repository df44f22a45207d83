import { Field, ID, InterfaceType, type FieldMiddleware } from '@nestjs/graphql';
import { encodeGlobalId } from '#kernel';

/** Sources of nodes are rows, whose id is a UUID; on the way out it becomes the id of the API (ARCHITECTURE.md §4.11). */
const toGlobalId: FieldMiddleware<{ id: string }> = ({ source, info }) =>
  Promise.resolve(encodeGlobalId(String(info?.parentType.name), source.id));

/** Anything with an id that `node(id:)` finds. A row's class is named like its GraphQL type. */
@InterfaceType('Node', {
  description: 'An object with a globally unique id.',
  resolveType: (row: object) => row.constructor.name,
})
export abstract class Node {
  @Field(() => ID, { middleware: [toGlobalId] })
  id!: string;
}
