import { Field, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../graphql/connection.js';
import { Node } from '../graphql/node.js';
import { CatalogObject } from '../upstreams/catalog-object.types.js';

@ObjectType({ implements: () => Node, description: 'A resource that an upstream offers.' })
export class Resource extends CatalogObject {
  @Field(() => String)
  uri!: string;
  @Field(() => String, { nullable: true })
  mimeType!: string | null;
}

@ObjectType()
export class ResourceConnection extends connectionOf(Resource) {}
