import { Field, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../graphql/connection.js';
import { Node } from '../graphql/node.js';
import { CatalogObject } from '../upstreams/catalog-object.types.js';

@ObjectType({ implements: () => Node, description: 'A family of resources that an upstream offers.' })
export class ResourceTemplate extends CatalogObject {
  @Field(() => String, { description: 'RFC 6570.' })
  uriTemplate!: string;
  @Field(() => String, { nullable: true })
  mimeType!: string | null;
}

@ObjectType()
export class ResourceTemplateConnection extends connectionOf(ResourceTemplate) {}
