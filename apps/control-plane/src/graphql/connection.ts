import type { Type } from '@nestjs/common';
import { Field, ObjectType } from '@nestjs/graphql';
import type { Page } from '#kernel';

/** Relay page information (https://relay.dev/graphql/connections.htm). */
@ObjectType()
export class PageInfo {
  @Field(() => Boolean)
  hasNextPage!: boolean;
  @Field(() => Boolean)
  hasPreviousPage!: boolean;
  @Field(() => String, { nullable: true })
  startCursor!: string | null;
  @Field(() => String, { nullable: true })
  endCursor!: string | null;
}

/** What the resolver of a connection field returns. */
export interface Connection<T> {
  readonly edges: readonly { readonly node: T; readonly cursor: string }[];
  readonly pageInfo: PageInfo;
}

/** A page of rows in the shape of a Relay connection. */
export const toConnection = <T>(page: Page<T>): Connection<T> => ({
  edges: page.items,
  pageInfo: {
    hasNextPage: page.hasNextPage,
    hasPreviousPage: page.hasPreviousPage,
    startCursor: page.items[0]?.cursor ?? null,
    endCursor: page.items.at(-1)?.cursor ?? null,
  },
});

/**
 * The base of a connection type; the class that extends it gives the type its name:
 * `@ObjectType() export class TeamConnection extends connectionOf(Team) {}`.
 */
export function connectionOf<T>(node: Type<T>): Type<Connection<T>> {
  @ObjectType(`${node.name}Edge`)
  class Edge {
    @Field(() => node)
    node!: T;
    @Field(() => String)
    cursor!: string;
  }

  @ObjectType({ isAbstract: true })
  class ConnectionBase {
    @Field(() => [Edge])
    edges!: Edge[];
    @Field(() => PageInfo)
    pageInfo!: PageInfo;
  }
  return ConnectionBase;
}
